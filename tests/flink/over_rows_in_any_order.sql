-- The same row by row, over the whole table, and numbers of rows.
CREATE TABLE t (id INT, k STRING, v INT) WITH ('connector'='filesystem', 'path'='data/over_values.csv', 'format'='csv', 'csv.null-literal'='NULL');

SELECT id, SUM(v) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s FROM t;
