CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'no-such.csv', 'format' = 'csv');
SELECT * FROM t;
