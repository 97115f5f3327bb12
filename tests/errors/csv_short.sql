CREATE TABLE t (a INT, b STRING) WITH ('connector' = 'filesystem', 'path' = 'errors/short.csv', 'format' = 'csv');
SELECT * FROM t;
