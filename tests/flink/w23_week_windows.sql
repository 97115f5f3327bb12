-- 7-DAY windows start on Thursdays (aligned to 1970-01-01); with a 4-day offset on Mondays.
CREATE TABLE days (
  u STRING, country STRING, n INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts
) WITH ('connector'='filesystem', 'path'='data/days.csv', 'format'='csv', 'csv.field-delimiter'=';', 'csv.null-literal'='n/a');

SELECT 'thu' AS al, window_start, window_end, COUNT(*) AS c, SUM(n) AS s, COUNT(DISTINCT country) AS dc
FROM TABLE(TUMBLE(TABLE days, DESCRIPTOR(ts), INTERVAL '7' DAY)) GROUP BY window_start, window_end
UNION ALL
SELECT 'mon', window_start, window_end, COUNT(*), SUM(n), COUNT(DISTINCT country)
FROM TABLE(TUMBLE(TABLE days, DESCRIPTOR(ts), INTERVAL '7' DAY, INTERVAL '4' DAY)) GROUP BY window_start, window_end;
