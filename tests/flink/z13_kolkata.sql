-- Hours in Asia/Kolkata, half an hour off UTC; nothing is late.
SET 'table.local-time-zone' = 'Asia/Kolkata';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '10' DAY
) WITH ('connector'='filesystem', 'path'='data/nx_dst_ny.csv', 'format'='csv');

SELECT window_start, window_end, window_time, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(TUMBLE(TABLE z, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY window_start, window_end, window_time;
