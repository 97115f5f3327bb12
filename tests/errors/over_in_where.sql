CREATE TABLE ev (v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'datagen', 'number-of-rows' = '10');
SELECT v FROM ev WHERE SUM(v) OVER (ORDER BY ts) > 3;
