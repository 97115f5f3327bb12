-- EXISTS over a changing aggregate under OR.
CREATE TABLE a (id INT, k STRING, v INT, w DOUBLE) WITH ('connector'='filesystem', 'path'='data/jn_t1.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE b (id INT, k STRING, v INT, s STRING) WITH ('connector'='filesystem', 'path'='data/jn_t2.csv', 'format'='csv', 'csv.null-literal'='');

SELECT id FROM a WHERE EXISTS (SELECT 1 FROM (SELECT k, COUNT(*) AS n FROM b GROUP BY k) c WHERE c.k = a.k AND c.n > 2) OR w > 5;
