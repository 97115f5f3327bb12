CREATE TABLE ev (k STRING, v INT, ts TIMESTAMP(3), plain TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND)
  WITH ('connector' = 'datagen', 'number-of-rows' = '10');
SELECT COUNT(*) FROM TABLE(TUMBLE(TABLE ev /*+ OPTIONS('scan.watermark.alignment.group' = 'g') */, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY window_start, window_end;
