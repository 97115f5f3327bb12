-- A window of 2.5 s feeding an ordinary aggregate of its results by hour.
CREATE TABLE bids (
  id INT, item STRING, color STRING, price BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '0.500' SECOND
) WITH ('connector'='filesystem', 'path'='data/bids.csv', 'format'='csv');

SELECT FLOOR(window_start TO HOUR) AS h, COUNT(*) AS windows, SUM(c) AS n, MAX(c) AS mx, MIN(s) AS mn
FROM (SELECT window_start, window_end, COUNT(*) AS c, SUM(price) AS s FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '2.5' SECOND)) GROUP BY window_start, window_end)
GROUP BY FLOOR(window_start TO HOUR);
