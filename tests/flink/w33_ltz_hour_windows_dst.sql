-- Hour windows over TIMESTAMP_LTZ in Europe/Berlin: the missing and the doubled hour.
SET 'table.local-time-zone' = 'Europe/Berlin';
CREATE TABLE z (
  id INT, ms BIGINT, ts AS TO_TIMESTAMP_LTZ(ms, 3), WATERMARK FOR ts AS ts - INTERVAL '1' HOUR
) WITH ('connector'='filesystem', 'path'='data/ltz.json', 'format'='json');

SELECT window_start, window_end, COUNT(*) AS c, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE z, DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY window_start, window_end;
