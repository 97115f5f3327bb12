-- A constant IN a subquery.
CREATE TABLE a (id INT, k STRING, v INT, w DOUBLE) WITH ('connector'='filesystem', 'path'='data/jn_t1.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE b (id INT, k STRING, v INT, s STRING) WITH ('connector'='filesystem', 'path'='data/jn_t2.csv', 'format'='csv', 'csv.null-literal'='');

SELECT id FROM a WHERE 99 IN (SELECT v FROM b) AND 'q' NOT IN (SELECT s FROM b WHERE s IS NOT NULL);
