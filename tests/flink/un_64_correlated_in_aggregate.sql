-- A correlated one as argument of an aggregate.
CREATE TABLE a (id INT, k STRING, v INT, w DOUBLE) WITH ('connector'='filesystem', 'path'='data/jn_t1.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE b (id INT, k STRING, v INT, s STRING) WITH ('connector'='filesystem', 'path'='data/jn_t2.csv', 'format'='csv', 'csv.null-literal'='');

SELECT k, SUM((SELECT MAX(v) FROM b WHERE b.k = a.k)) AS d FROM a GROUP BY k;
