-- TUMBLE over an out-of-order CSV with a zero-delay watermark: every row older than a closed window is dropped.
CREATE TABLE bids (
  id INT, item STRING, color STRING, price BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts
) WITH ('connector'='filesystem', 'path'='data/bids.csv', 'format'='csv');

SELECT item, window_start, window_end, COUNT(*) AS c, SUM(price) AS s, MIN(price) AS mn, MAX(price) AS mx, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY item, window_start, window_end;
