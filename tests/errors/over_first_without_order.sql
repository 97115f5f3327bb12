CREATE TABLE ev (k STRING, v INT) WITH ('connector' = 'datagen', 'number-of-rows' = '10');
SELECT FIRST_VALUE(v) OVER (PARTITION BY k) FROM ev;
