-- Legacy HOP and TUMBLE on both sides of 1970-01-01.
CREATE TABLE neg (
  id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE
) WITH ('connector'='filesystem', 'path'='data/nx_neg.csv', 'format'='csv');

SELECT k, HOP_START(ts, INTERVAL '5' SECOND, INTERVAL '15' SECOND) AS ws, HOP_END(ts, INTERVAL '5' SECOND, INTERVAL '15' SECOND) AS we, COUNT(*) AS c, SUM(id) AS ids
FROM neg GROUP BY k, HOP(ts, INTERVAL '5' SECOND, INTERVAL '15' SECOND);
SELECT TUMBLE_START(ts, INTERVAL '7' SECOND) AS ws, COUNT(*) AS c, SUM(id) AS ids FROM neg GROUP BY TUMBLE(ts, INTERVAL '7' SECOND);
