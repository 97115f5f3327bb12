-- Half-hour windows in America/New_York, late rows and the repeated hour.
SET 'table.local-time-zone' = 'America/New_York';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '10' MINUTE
) WITH ('connector'='filesystem', 'path'='data/nx_dst_ny.csv', 'format'='csv');

SELECT window_start, window_end, window_time, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(TUMBLE(TABLE z, DESCRIPTOR(ts), INTERVAL '30' MINUTE)) GROUP BY window_start, window_end, window_time;
