CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'data', 'format' = 'csv', 'source.monitor-interval' = 'often');
