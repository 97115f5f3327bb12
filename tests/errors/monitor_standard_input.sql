CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = '-', 'format' = 'csv', 'source.monitor-interval' = '1 s');
SELECT * FROM t;
