-- CUMULATE by 6 hours up to a day in America/New_York.
SET 'table.local-time-zone' = 'America/New_York';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '2' HOUR
) WITH ('connector'='filesystem', 'path'='data/nx_dst_ny.csv', 'format'='csv');

SELECT window_start, window_end, window_time, COUNT(*) AS c, SUM(v) AS s, SUM(id) AS ids FROM TABLE(CUMULATE(TABLE z, DESCRIPTOR(ts), INTERVAL '6' HOUR, INTERVAL '1' DAY)) GROUP BY window_start, window_end, window_time;
