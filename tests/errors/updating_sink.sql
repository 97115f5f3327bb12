CREATE TABLE o (k STRING, c BIGINT) WITH ('connector' = 'filesystem', 'path' = 'never', 'format' = 'csv');
INSERT INTO o SELECT k, COUNT(*) FROM (VALUES ('a')) AS t(k) GROUP BY k;
