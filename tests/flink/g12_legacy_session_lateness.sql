-- Legacy SESSION with allow-lateness but no late fire: the setting has no effect.
SET 'table.exec.emit.allow-lateness' = '20 s';
CREATE TABLE ss (
  id INT, k STRING, g STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_sess.csv', 'format'='csv', 'csv.null-literal'='');

SELECT k, SESSION_START(ts, INTERVAL '10' SECOND) AS ws, SESSION_END(ts, INTERVAL '10' SECOND) AS we, COUNT(*) AS c, SUM(v) AS s, SUM(id) AS ids
FROM ss GROUP BY k, SESSION(ts, INTERVAL '10' SECOND);
