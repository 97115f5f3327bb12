CREATE TABLE t (k INT) PARTITIONED BY (k) WITH ('connector'='print');
