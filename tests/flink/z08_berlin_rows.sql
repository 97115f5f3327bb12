-- HOP and SESSION without aggregation on TIMESTAMP_LTZ in Europe/Berlin: window_start is wall clock, window_time an instant.
SET 'table.local-time-zone' = 'Europe/Berlin';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '1' DAY
) WITH ('connector'='filesystem', 'path'='data/nx_dst_berlin.csv', 'format'='csv');

SELECT id, ts, window_start, window_end, window_time FROM TABLE(HOP(TABLE z, DESCRIPTOR(ts), INTERVAL '1' HOUR, INTERVAL '2' HOUR)) WHERE k = 'x';
SELECT id, ts, window_start, window_end, window_time FROM TABLE(SESSION(TABLE z PARTITION BY k, DESCRIPTOR(ts), INTERVAL '1' HOUR)) WHERE k = 'y';
