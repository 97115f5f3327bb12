-- LEFT JOIN LATERAL ON TRUE.
CREATE TABLE a (id INT, k STRING, v INT, w DOUBLE) WITH ('connector'='filesystem', 'path'='data/jn_t1.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE b (id INT, k STRING, v INT, s STRING) WITH ('connector'='filesystem', 'path'='data/jn_t2.csv', 'format'='csv', 'csv.null-literal'='');

SELECT a.id, y.id AS bid FROM a LEFT JOIN LATERAL (SELECT id FROM b WHERE b.k = a.k AND b.v > 12) AS y ON TRUE;
