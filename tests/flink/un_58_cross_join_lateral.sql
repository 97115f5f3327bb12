-- CROSS JOIN LATERAL with groups.
CREATE TABLE a (id INT, k STRING, v INT, w DOUBLE) WITH ('connector'='filesystem', 'path'='data/jn_t1.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE b (id INT, k STRING, v INT, s STRING) WITH ('connector'='filesystem', 'path'='data/jn_t2.csv', 'format'='csv', 'csv.null-literal'='');

SELECT a.id, y.s, y.n FROM a CROSS JOIN LATERAL (SELECT s, COUNT(*) AS n FROM b WHERE b.k = a.k GROUP BY s) AS y;
