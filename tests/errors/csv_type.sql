CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'errors/type.csv', 'format' = 'csv');
SELECT * FROM t;
