CREATE TABLE a (k INT, v INT, s STRING) WITH ('connector'='filesystem','path'='data/sq_a.csv','format'='csv');
CREATE TABLE b (k INT, w INT) WITH ('connector'='filesystem','path'='data/sq_b.csv','format'='csv');
CREATE TABLE nothing (k INT, w INT) WITH ('connector'='filesystem','path'='data/sq_nothing.csv','format'='csv');
SELECT x.k FROM a x WHERE EXISTS (SELECT 1 FROM a y JOIN b z ON TRUE WHERE z.w = x.v AND x.v < y.v);
