CREATE TABLE t (k INT, s STRING, `a``b` INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector'='datagen','number-of-rows'='2');
ALTER TABLE t RENAME `a``b` TO c;
ALTER TABLE t RENAME s TO k;
