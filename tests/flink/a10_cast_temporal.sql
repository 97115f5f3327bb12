-- CAST between TIMESTAMP, DATE, TIME and STRING from columns.
CREATE TABLE times (
  i INT, ts TIMESTAMP(3), u TIMESTAMP(3), d DATE, tm TIME
) WITH ('connector'='filesystem', 'path'='data/times.csv', 'format'='csv', 'csv.null-literal'='NIL');

SELECT i, CAST(ts AS STRING), CAST(ts AS DATE), CAST(CAST(ts AS TIME) AS STRING), CAST(d AS TIMESTAMP(3)), CAST(d AS STRING), CAST(tm AS STRING), CAST(ts AS TIMESTAMP(0)), CAST(CAST(ts AS TIMESTAMP(1)) AS STRING), CAST(CAST(ts AS TIMESTAMP(6)) AS STRING), CAST(ts AS VARCHAR(10)), CAST(CAST(d AS STRING) AS DATE) = d AS same, CAST(CAST(ts AS STRING) AS TIMESTAMP(3)) = ts AS same2
FROM times;
