CREATE TABLE ev (k STRING, v INT, ts TIMESTAMP(3), plain TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND)
  WITH ('connector' = 'datagen', 'number-of-rows' = '10');
SELECT LEAD(v, v) OVER (ORDER BY ts) FROM ev;
