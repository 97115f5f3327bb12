-- Legacy GROUP BY TUMBLE with START, END, ROWTIME as auxiliary functions; null keys.
CREATE TABLE ev (
  id INT, k STRING, v INT, b BIGINT, d DOUBLE, p DECIMAL(10,2), s STRING, flag BOOLEAN, t TIMESTAMP(3), ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/ev.json', 'format'='json');

SELECT k, TUMBLE_START(ts, INTERVAL '10' MINUTE) AS ws, TUMBLE_END(ts, INTERVAL '10' MINUTE) AS we, TUMBLE_ROWTIME(ts, INTERVAL '10' MINUTE) AS wr,
  COUNT(*) AS c, SUM(v) AS sv, COUNT(DISTINCT v) AS dv, SUM(id) AS ids
FROM ev GROUP BY k, TUMBLE(ts, INTERVAL '10' MINUTE) HAVING COUNT(*) > 1;
