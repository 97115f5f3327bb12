-- OVER in an order that is not that of time: running totals by value, with equal values, NULLs and several partitions.
CREATE TABLE t (id INT, k STRING, v INT) WITH ('connector'='filesystem', 'path'='data/over_values.csv', 'format'='csv', 'csv.null-literal'='NULL');

SELECT id, SUM(v) OVER w AS s, COUNT(v) OVER w AS c, MAX(id) OVER w AS m, AVG(v) OVER w AS a, FIRST_VALUE(id) OVER w AS f
FROM t WINDOW w AS (PARTITION BY k ORDER BY v);
