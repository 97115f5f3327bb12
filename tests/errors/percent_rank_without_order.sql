CREATE TABLE ev (k STRING, v INT) WITH ('connector' = 'datagen', 'number-of-rows' = '10');
SELECT PERCENT_RANK() OVER (PARTITION BY k) FROM ev;
