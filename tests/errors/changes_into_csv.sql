CREATE TABLE t (k INT, v INT) WITH ('connector'='datagen', 'number-of-rows'='1');
CREATE TABLE o (k INT, n BIGINT) WITH ('connector'='filesystem', 'path'='nowhere', 'format'='csv');
INSERT INTO o SELECT k, COUNT(*) FROM t GROUP BY k;
