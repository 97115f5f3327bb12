CREATE TABLE t (k INT, v INT)
WITH ('connector'='filesystem', 'path'='data/nums.csv', 'format'='csv', 'scan.changelog-mode'='upsert');
SELECT * FROM t;
