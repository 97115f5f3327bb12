CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'data', 'format' = 'csv', 'source.monitor-interval' = '0 s');
