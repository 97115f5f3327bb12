-- SESSION of 45 minutes in America/New_York, per key.
SET 'table.local-time-zone' = 'America/New_York';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '30' MINUTE
) WITH ('connector'='filesystem', 'path'='data/nx_dst_ny.csv', 'format'='csv');

SELECT k, window_start, window_end, window_time, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(SESSION(TABLE z PARTITION BY k, DESCRIPTOR(ts), INTERVAL '45' MINUTE)) GROUP BY k, window_start, window_end, window_time;
