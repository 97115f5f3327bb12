-- HOP of a day every 12 hours in Europe/Berlin, no watermark delay.
SET 'table.local-time-zone' = 'Europe/Berlin';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '0' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_dst_berlin.csv', 'format'='csv');

SELECT k, window_start, window_end, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(HOP(TABLE z, DESCRIPTOR(ts), INTERVAL '12' HOUR, INTERVAL '1' DAY)) GROUP BY k, window_start, window_end;
