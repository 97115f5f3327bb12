-- All rows numbered in the order of a value.
CREATE TABLE t (id INT, k STRING, v INT) WITH ('connector'='filesystem', 'path'='data/over_values.csv', 'format'='csv', 'csv.null-literal'='NULL');

SELECT id, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v) AS n FROM t;
