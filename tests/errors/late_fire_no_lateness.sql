CREATE TABLE ev (k STRING, v INT, ts TIMESTAMP(3), plain TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND)
  WITH ('connector' = 'datagen', 'number-of-rows' = '10');
SET 'table.exec.emit.late-fire.enabled' = 'true';
SET 'table.exec.emit.late-fire.delay' = '0 s';
SELECT COUNT(*) FROM ev GROUP BY TUMBLE(ts, INTERVAL '5' SECOND);
