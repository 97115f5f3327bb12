-- Aggregates over columns that are null in every row of the window: COUNT 0, the others NULL.
CREATE TABLE ev (
  id INT, k STRING, v INT, b BIGINT, d DOUBLE, p DECIMAL(10,2), s STRING, flag BOOLEAN, t TIMESTAMP(3), ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/ev.json', 'format'='json');

CREATE TEMPORARY VIEW nn AS SELECT k, v, p, ts, CASE WHEN v > 0 THEN CAST(NULL AS INT) END AS x, NULLIF(s, s) AS y FROM ev;
SELECT window_start, COUNT(*) AS n, COUNT(x) AS c, SUM(x) AS s, AVG(x) AS a, MIN(x) AS mn, MAX(y) AS mx, COUNT(DISTINCT y) AS cd, SUM(v) FILTER (WHERE v > 100 AND v < 50) AS nothing, AVG(p) FILTER (WHERE k = 'nobody') AS ap
FROM TABLE(TUMBLE(DATA => TABLE nn, TIMECOL => DESCRIPTOR(ts), SIZE => INTERVAL '20' MINUTE))
GROUP BY window_start, window_end;
