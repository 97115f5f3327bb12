-- A running total over groups, which change.
CREATE TABLE t (id INT, k STRING, v INT) WITH ('connector'='filesystem', 'path'='data/over_values.csv', 'format'='csv', 'csv.null-literal'='NULL');

SELECT k, n, SUM(n) OVER (ORDER BY k) AS s FROM (SELECT k, COUNT(*) AS n FROM t WHERE k IS NOT NULL GROUP BY k);
