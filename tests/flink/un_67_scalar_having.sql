-- A scalar subquery in HAVING.
-- run: key=0
CREATE TABLE a (id INT, k STRING, v INT, w DOUBLE) WITH ('connector'='filesystem', 'path'='data/jn_t1.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE b (id INT, k STRING, v INT, s STRING) WITH ('connector'='filesystem', 'path'='data/jn_t2.csv', 'format'='csv', 'csv.null-literal'='');

SELECT k, SUM(v) AS sv FROM a GROUP BY k HAVING SUM(v) > (SELECT AVG(v) FROM b);
