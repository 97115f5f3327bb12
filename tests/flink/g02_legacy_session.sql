-- Legacy SESSION with SESSION_START, SESSION_END, SESSION_ROWTIME.
CREATE TABLE ss (
  id INT, k STRING, g STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_sess.csv', 'format'='csv', 'csv.null-literal'='');

SELECT k, SESSION_START(ts, INTERVAL '10' SECOND) AS ws, SESSION_END(ts, INTERVAL '10' SECOND) AS we, SESSION_ROWTIME(ts, INTERVAL '10' SECOND) AS rt, COUNT(*) AS c, SUM(v) AS s, SUM(id) AS ids
FROM ss GROUP BY k, SESSION(ts, INTERVAL '10' SECOND);
