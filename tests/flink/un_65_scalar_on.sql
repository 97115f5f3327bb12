-- A scalar subquery in ON.
CREATE TABLE a (id INT, k STRING, v INT, w DOUBLE) WITH ('connector'='filesystem', 'path'='data/jn_t1.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE b (id INT, k STRING, v INT, s STRING) WITH ('connector'='filesystem', 'path'='data/jn_t2.csv', 'format'='csv', 'csv.null-literal'='');

SELECT a.id, b.id AS bid FROM a JOIN b ON a.k = b.k AND b.v > (SELECT MIN(v) FROM a);
