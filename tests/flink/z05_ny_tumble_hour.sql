-- Hours of America/New_York, no watermark delay: late rows around the repeated hour.
SET 'table.local-time-zone' = 'America/New_York';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '0' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_dst_ny.csv', 'format'='csv');

SELECT window_start, window_end, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(TUMBLE(TABLE z, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY window_start, window_end;
