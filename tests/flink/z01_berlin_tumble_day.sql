-- Days of Europe/Berlin with 23 and 25 hours.
SET 'table.local-time-zone' = 'Europe/Berlin';
CREATE TABLE z (
  id INT, k STRING, v INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '2' HOUR
) WITH ('connector'='filesystem', 'path'='data/nx_dst_berlin.csv', 'format'='csv');

SELECT window_start, window_end, COUNT(*) AS c, SUM(v) AS s, SUM(id) AS ids FROM TABLE(TUMBLE(TABLE z, DESCRIPTOR(ts), INTERVAL '1' DAY)) GROUP BY window_start, window_end;
