-- Hours chained into days through window_time in America/New_York.
SET 'table.local-time-zone' = 'America/New_York';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '1' HOUR
) WITH ('connector'='filesystem', 'path'='data/nx_dst_ny.csv', 'format'='csv');

CREATE TEMPORARY VIEW w1 AS SELECT window_time AS rt, k, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(TUMBLE(TABLE z, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY k, window_start, window_end, window_time;
SELECT window_start, window_end, COUNT(*) AS parts, SUM(c) AS c, SUM(ids) AS ids FROM TABLE(TUMBLE(TABLE w1, DESCRIPTOR(rt), INTERVAL '1' DAY)) GROUP BY window_start, window_end;
