-- Legacy SESSION of 45 minutes on TIMESTAMP_LTZ in America/New_York.
SET 'table.local-time-zone' = 'America/New_York';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '1' DAY
) WITH ('connector'='filesystem', 'path'='data/nx_dst_ny.csv', 'format'='csv');

SELECT k, SESSION_START(ts, INTERVAL '45' MINUTE) AS ws, SESSION_END(ts, INTERVAL '45' MINUTE) AS we, SESSION_ROWTIME(ts, INTERVAL '45' MINUTE) AS rt, COUNT(*) AS c, SUM(id) AS ids FROM z GROUP BY k, SESSION(ts, INTERVAL '45' MINUTE);
