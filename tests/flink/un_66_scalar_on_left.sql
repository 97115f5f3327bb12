-- A scalar subquery in ON of a LEFT JOIN.
CREATE TABLE a (id INT, k STRING, v INT, w DOUBLE) WITH ('connector'='filesystem', 'path'='data/jn_t1.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE b (id INT, k STRING, v INT, s STRING) WITH ('connector'='filesystem', 'path'='data/jn_t2.csv', 'format'='csv', 'csv.null-literal'='');

SELECT a.id, b.id AS bid FROM a LEFT JOIN b ON a.k = b.k AND b.v > (SELECT AVG(v) FROM a);
