-- Several DISTINCT aggregates side by side, with nulls, a decimal, FILTER and no-distinct ones.
CREATE TABLE ev (
  id INT, k STRING, v INT, b BIGINT, d DOUBLE, p DECIMAL(10,2), s STRING, flag BOOLEAN, t TIMESTAMP(3), ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/ev.json', 'format'='json');

SELECT window_start, COUNT(DISTINCT k) AS dk, COUNT(DISTINCT v) AS dv, SUM(DISTINCT v) AS sdv, AVG(DISTINCT b) AS adb,
  COUNT(DISTINCT p) AS dp, COUNT(DISTINCT s) AS ds, COUNT(DISTINCT s) FILTER (WHERE flag) AS dsf,
  COUNT(DISTINCT v) FILTER (WHERE v > 0) AS dvp, COUNT(v) AS nv, MAX(DISTINCT p) AS mp
FROM TABLE(TUMBLE(TABLE ev, DESCRIPTOR(ts), INTERVAL '10' MINUTE))
GROUP BY window_start, window_end;
