-- HOP of 2 hours in Asia/Tokyo (no clock changes), late rows.
SET 'table.local-time-zone' = 'Asia/Tokyo';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '1' HOUR
) WITH ('connector'='filesystem', 'path'='data/nx_dst_ny.csv', 'format'='csv');

SELECT window_start, window_end, window_time, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(HOP(TABLE z, DESCRIPTOR(ts), INTERVAL '1' HOUR, INTERVAL '2' HOUR)) GROUP BY window_start, window_end, window_time;
