-- DAY-sized windows keyed by two nullable columns (null-literal), semicolon CSV, empty strings.
CREATE TABLE days (
  u STRING, country STRING, n INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts
) WITH ('connector'='filesystem', 'path'='data/days.csv', 'format'='csv', 'csv.field-delimiter'=';', 'csv.null-literal'='n/a');

SELECT u, country, window_start, window_end, COUNT(*) AS c, SUM(n) AS s
FROM TABLE(TUMBLE(TABLE days, DESCRIPTOR(ts), INTERVAL '1' DAY))
GROUP BY u, country, window_start, window_end;
