-- LIMIT of a subquery that refers to the rows around it is one for each of them.
CREATE TABLE a (k INT, v INT, s STRING) WITH ('connector'='filesystem','path'='data/sq_a.csv','format'='csv');
CREATE TABLE b (k INT, w INT) WITH ('connector'='filesystem','path'='data/sq_b.csv','format'='csv');
SELECT k, (SELECT w FROM b WHERE b.k = a.k LIMIT 1) FROM a;
SELECT a.k, l.w FROM a, LATERAL (SELECT w FROM b WHERE b.k = a.k ORDER BY b.k, w DESC LIMIT 1) l;
SELECT a.k, l.k FROM a, LATERAL (SELECT k FROM b WHERE b.w <= a.v ORDER BY w DESC FETCH FIRST 1 ROW ONLY) l;
SELECT k FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = a.k LIMIT 0);
SELECT k FROM a WHERE 6 IN (SELECT w FROM b WHERE b.k = a.k ORDER BY w LIMIT 1 OFFSET 1);
SELECT k, (SELECT DISTINCT COUNT(*) FROM b WHERE b.k = a.k) FROM a;
