-- A guard inside of FILTER.
CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem', 'path'='data/guards.csv', 'format'='csv', 'csv.null-literal'='NIL');
SELECT COUNT(*) FILTER (WHERE id <> 2 AND 10 / (id - 2) > 1) AS a, COUNT(*) FILTER (WHERE s NOT IN ('x', 'y') AND CAST(s AS INT) > 3) AS b FROM t;
