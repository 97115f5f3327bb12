-- Legacy TUMBLE of a day and HOP of 2 hours on TIMESTAMP_LTZ in America/New_York.
SET 'table.local-time-zone' = 'America/New_York';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '1' DAY
) WITH ('connector'='filesystem', 'path'='data/nx_dst_ny.csv', 'format'='csv');

SELECT k, TUMBLE_START(ts, INTERVAL '1' DAY) AS ws, TUMBLE_END(ts, INTERVAL '1' DAY) AS we, TUMBLE_ROWTIME(ts, INTERVAL '1' DAY) AS rt, COUNT(*) AS c, SUM(id) AS ids FROM z GROUP BY k, TUMBLE(ts, INTERVAL '1' DAY);
SELECT HOP_START(ts, INTERVAL '1' HOUR, INTERVAL '2' HOUR) AS ws, HOP_END(ts, INTERVAL '1' HOUR, INTERVAL '2' HOUR) AS we, COUNT(*) AS c, SUM(id) AS ids FROM z GROUP BY HOP(ts, INTERVAL '1' HOUR, INTERVAL '2' HOUR);
