-- CUMULATE by the hour up to 4 hours in Europe/Berlin: steps in wall-clock time.
SET 'table.local-time-zone' = 'Europe/Berlin';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '30' MINUTE
) WITH ('connector'='filesystem', 'path'='data/nx_dst_berlin.csv', 'format'='csv');

SELECT window_start, window_end, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(CUMULATE(TABLE z, DESCRIPTOR(ts), INTERVAL '1' HOUR, INTERVAL '4' HOUR)) GROUP BY window_start, window_end;
