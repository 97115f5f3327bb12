-- Timestamps before and after the epoch: window starts must be floored, not truncated toward zero.
CREATE TABLE neg (
  k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '10' SECOND
) WITH ('connector'='filesystem', 'path'='data/neg.csv', 'format'='csv');

SELECT k, window_start, window_end, window_time, COUNT(*) AS c, SUM(v) AS s, MIN(ts) AS mn, MAX(ts) AS mx, AVG(v) AS a
FROM TABLE(TUMBLE(TABLE neg, DESCRIPTOR(ts), INTERVAL '7' MINUTE))
GROUP BY k, window_start, window_end, window_time;
