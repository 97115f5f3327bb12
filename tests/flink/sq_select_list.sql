CREATE TABLE a (k INT, v INT, s STRING) WITH ('connector'='filesystem','path'='data/sq_a.csv','format'='csv');
CREATE TABLE b (k INT, w INT) WITH ('connector'='filesystem','path'='data/sq_b.csv','format'='csv');
CREATE TABLE nothing (k INT, w INT) WITH ('connector'='filesystem','path'='data/sq_nothing.csv','format'='csv');
SELECT k, (SELECT MAX(w) FROM b WHERE b.k = a.k), (SELECT COUNT(*) FROM b WHERE b.k = a.k) + 1 FROM a;
