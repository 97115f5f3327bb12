-- GROUP BY expressions: string function, modulo of a nullable integer (negative remainders), CASE; null keys form a group.
CREATE TABLE ev (
  id INT, k STRING, v INT, b BIGINT, d DOUBLE, p DECIMAL(10,2), s STRING, flag BOOLEAN, t TIMESTAMP(3), ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' MINUTE
) WITH ('connector'='filesystem', 'path'='data/ev.json', 'format'='json');

SELECT UPPER(k) AS uk, v % 3 AS m, CASE WHEN d > 0 THEN 'pos' WHEN d <= 0 THEN 'neg' END AS sg, window_end, COUNT(*) AS c, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE ev, DESCRIPTOR(ts), INTERVAL '30' MINUTE))
GROUP BY UPPER(k), v % 3, CASE WHEN d > 0 THEN 'pos' WHEN d <= 0 THEN 'neg' END, window_start, window_end;
