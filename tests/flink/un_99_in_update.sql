-- IN over a changing aggregate in SELECT.
CREATE TABLE a (id INT, k STRING, v INT, w DOUBLE) WITH ('connector'='filesystem', 'path'='data/jn_t1.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE b (id INT, k STRING, v INT, s STRING) WITH ('connector'='filesystem', 'path'='data/jn_t2.csv', 'format'='csv', 'csv.null-literal'='');

SELECT id, k IN (SELECT k FROM b GROUP BY k HAVING COUNT(*) > 1) AS e FROM a WHERE k IS NOT NULL;
