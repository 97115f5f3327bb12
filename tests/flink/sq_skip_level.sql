CREATE TABLE a (k INT, v INT, s STRING) WITH ('connector'='filesystem','path'='data/sq_a.csv','format'='csv');
CREATE TABLE b (k INT, w INT) WITH ('connector'='filesystem','path'='data/sq_b.csv','format'='csv');
CREATE TABLE nothing (k INT, w INT) WITH ('connector'='filesystem','path'='data/sq_nothing.csv','format'='csv');
SELECT k FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.k = a.k AND EXISTS (SELECT 1 FROM a x WHERE x.v > a.v AND x.k = b.k));
