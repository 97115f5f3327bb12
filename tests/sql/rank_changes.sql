-- A number that nobody reads is not put out; what only comes says so.
CREATE TABLE a (k INT, v INT, s STRING, p AS PROCTIME()) WITH ('connector'='filesystem','path'='data/sq_a.csv','format'='csv');
EXPLAIN SELECT k FROM (SELECT k, ROW_NUMBER() OVER (ORDER BY v DESC) AS r FROM a) WHERE r <= 2;
EXPLAIN SELECT k, r FROM (SELECT k, ROW_NUMBER() OVER (ORDER BY v DESC) AS r FROM a) WHERE r <= 2;
EXPLAIN SELECT k, v FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY p) AS r FROM a) WHERE r = 1;
EXPLAIN SELECT DISTINCT k FROM a;
