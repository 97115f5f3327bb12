CREATE TABLE a (k INT, v INT, s STRING) WITH ('connector'='filesystem','path'='data/sq_a.csv','format'='csv');
CREATE TABLE b (k INT, w INT) WITH ('connector'='filesystem','path'='data/sq_b.csv','format'='csv');
CREATE TABLE nothing (k INT, w INT) WITH ('connector'='filesystem','path'='data/sq_nothing.csv','format'='csv');
SELECT a.k, b.w FROM a JOIN b ON a.k = b.k AND b.w > (SELECT AVG(w) FROM b);
