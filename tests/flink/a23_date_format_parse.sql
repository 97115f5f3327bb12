-- DATE_FORMAT with Java patterns; TO_TIMESTAMP and TO_DATE with and without formats; unparsable text gives NULL.
CREATE TABLE times (
  i INT, ts TIMESTAMP(3), u TIMESTAMP(3), d DATE, tm TIME
) WITH ('connector'='filesystem', 'path'='data/times.csv', 'format'='csv', 'csv.null-literal'='NIL');

SELECT i, DATE_FORMAT(ts, 'yyyy-MM-dd''T''HH:mm:ss.SSS'), DATE_FORMAT(ts, 'dd/MM/yy hh:mm a'), DATE_FORMAT(ts, 'EEE, d MMM yyyy D'), DATE_FORMAT(CAST(ts AS STRING), 'yyyyMMdd'), TO_TIMESTAMP(DATE_FORMAT(ts, 'yyyyMMddHHmmss'), 'yyyyMMddHHmmss'), TO_TIMESTAMP(CAST(ts AS STRING)), TO_TIMESTAMP(DATE_FORMAT(ts, 'dd.MM.yyyy'), 'dd.MM.yyyy'), TO_TIMESTAMP(CAST(d AS STRING)), TO_DATE(CAST(d AS STRING)), TO_DATE(DATE_FORMAT(ts, 'MM/dd/yyyy'), 'MM/dd/yyyy'), TO_TIMESTAMP(CONCAT(CAST(ts AS STRING), 'x')), TYPEOF(TO_TIMESTAMP(CAST(ts AS STRING))), TYPEOF(DATE_FORMAT(ts, 'yyyy'))
FROM times;
