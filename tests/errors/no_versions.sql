CREATE TABLE o (k INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector'='datagen', 'number-of-rows'='1');
CREATE TABLE r (k INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector'='datagen', 'number-of-rows'='1');
SELECT o.k FROM o JOIN r FOR SYSTEM_TIME AS OF o.ts ON o.k = r.k;
