-- Days of Europe/Berlin that start at 6 in the morning (offset 6 hours), late rows.
SET 'table.local-time-zone' = 'Europe/Berlin';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '5' MINUTE
) WITH ('connector'='filesystem', 'path'='data/nx_dst_berlin.csv', 'format'='csv');

SELECT k, window_start, window_end, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(TUMBLE(TABLE z, DESCRIPTOR(ts), INTERVAL '1' DAY, INTERVAL '6' HOUR)) GROUP BY k, window_start, window_end;
