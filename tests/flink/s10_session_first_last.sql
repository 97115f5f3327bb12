-- FIRST_VALUE, LAST_VALUE, distinct and filtered aggregates in SESSION without merging surprises.
CREATE TABLE ss (
  id INT, k STRING, g STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_sess.csv', 'format'='csv', 'csv.null-literal'='');

SELECT k, window_start, window_end, COUNT(DISTINCT g) AS gs, COUNT(DISTINCT g) FILTER (WHERE v > 100) AS g100, SUM(v) FILTER (WHERE g = 'x') AS sx, COUNT(*) FILTER (WHERE v IS NULL) AS nv,
  MIN(g) AS mn, MAX(g) AS mx, SUM(DISTINCT v) AS sd
FROM TABLE(SESSION(TABLE ss PARTITION BY k, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY k, window_start, window_end;
