-- FILTER (WHERE ..) with three-valued conditions and HAVING over an aggregate that is not selected.
CREATE TABLE ev (
  id INT, k STRING, v INT, b BIGINT, d DOUBLE, p DECIMAL(10,2), s STRING, flag BOOLEAN, t TIMESTAMP(3), ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE
) WITH ('connector'='filesystem', 'path'='data/ev.json', 'format'='json');

SELECT k, window_start, COUNT(*) FILTER (WHERE flag) AS t, COUNT(*) FILTER (WHERE NOT flag) AS f, COUNT(*) FILTER (WHERE flag IS NULL) AS u,
  SUM(v) FILTER (WHERE s = '') AS sv, MAX(d) FILTER (WHERE v > 5 OR b < 0) AS md
FROM TABLE(TUMBLE(TABLE ev, DESCRIPTOR(ts), INTERVAL '10' MINUTE))
GROUP BY k, window_start, window_end
HAVING COUNT(v) >= 3 AND MIN(p) < 100;
