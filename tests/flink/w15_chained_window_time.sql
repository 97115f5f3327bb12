-- A 1-minute window feeds a 5-minute window through window_time; late rows are dropped once, at the first.
CREATE TABLE bids (
  id INT, item STRING, color STRING, price BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND
) WITH ('connector'='filesystem', 'path'='data/bids.csv', 'format'='csv');

CREATE TEMPORARY VIEW w1 AS
SELECT window_time AS rowtime, item, SUM(price) AS s, COUNT(*) AS c
FROM TABLE(TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, window_time, item;
SELECT window_start, window_end, COUNT(*) AS parts, SUM(s) AS s, SUM(c) AS c, MAX(s) AS best, COUNT(DISTINCT item) AS items
FROM TABLE(TUMBLE(TABLE w1, DESCRIPTOR(rowtime), INTERVAL '5' MINUTE))
GROUP BY window_start, window_end;
