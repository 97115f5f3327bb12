-- Legacy TUMBLE of an hour on TIMESTAMP_LTZ in America/New_York without a watermark delay.
SET 'table.local-time-zone' = 'America/New_York';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '0' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_dst_ny.csv', 'format'='csv');

SELECT TUMBLE_START(ts, INTERVAL '1' HOUR) AS ws, TUMBLE_ROWTIME(ts, INTERVAL '1' HOUR) AS rt, COUNT(*) AS c, SUM(id) AS ids FROM z GROUP BY TUMBLE(ts, INTERVAL '1' HOUR);
