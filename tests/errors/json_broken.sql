CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = 'errors/broken.json', 'format' = 'json');
SELECT * FROM t;
