-- Day windows over TIMESTAMP_LTZ in Europe/Berlin across both DST changes: 23 and 25 hour days.
SET 'table.local-time-zone' = 'Europe/Berlin';
CREATE TABLE z (
  id INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '1' HOUR
) WITH ('connector'='filesystem', 'path'='data/ltz.json', 'format'='json');

SELECT window_start, window_end, window_time, COUNT(*) AS c, SUM(id) AS ids, MIN(ts) AS mn
FROM TABLE(TUMBLE(TABLE z, DESCRIPTOR(ts), INTERVAL '1' DAY))
GROUP BY window_start, window_end, window_time;
