-- A scalar subquery in GROUP BY.
CREATE TABLE a (id INT, k STRING, v INT, w DOUBLE) WITH ('connector'='filesystem', 'path'='data/jn_t1.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE b (id INT, k STRING, v INT, s STRING) WITH ('connector'='filesystem', 'path'='data/jn_t2.csv', 'format'='csv', 'csv.null-literal'='');

SELECT v > (SELECT AVG(v) FROM b) AS big, COUNT(*) AS n FROM a GROUP BY v > (SELECT AVG(v) FROM b);
