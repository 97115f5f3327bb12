-- A scalar subquery in CASE.
CREATE TABLE a (id INT, k STRING, v INT, w DOUBLE) WITH ('connector'='filesystem', 'path'='data/jn_t1.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE b (id INT, k STRING, v INT, s STRING) WITH ('connector'='filesystem', 'path'='data/jn_t2.csv', 'format'='csv', 'csv.null-literal'='');

SELECT id, CASE WHEN v > (SELECT AVG(v) FROM b) THEN 'big' WHEN v IS NULL THEN 'none' ELSE 'small' END AS c FROM a;
