CREATE TABLE ev (k STRING, v INT) WITH ('connector' = 'datagen', 'number-of-rows' = '10');
SELECT NTILE(0) OVER (PARTITION BY k ORDER BY v) FROM ev;
