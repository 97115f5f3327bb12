CREATE TABLE p (k BYTES, v INT) PARTITIONED BY (k) WITH ('connector' = 'filesystem', 'path' = 'p', 'format' = 'json');
