-- TUMBLE with an offset: window boundaries move by 25 s.
CREATE TABLE bids (
  id INT, item STRING, color STRING, price BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '13' SECOND
) WITH ('connector'='filesystem', 'path'='data/bids.csv', 'format'='csv');

SELECT window_start, window_end, COUNT(*) AS c, SUM(price) AS s
FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '1' MINUTE, INTERVAL '25' SECOND))
GROUP BY window_start, window_end;
