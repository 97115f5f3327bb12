-- Timestamp and date plus/minus intervals, TIMESTAMPADD, TIMESTAMPDIFF (truncating), month-end clipping, comparisons.
CREATE TABLE times (
  i INT, ts TIMESTAMP(3), u TIMESTAMP(3), d DATE, tm TIME
) WITH ('connector'='filesystem', 'path'='data/times.csv', 'format'='csv', 'csv.null-literal'='NIL');

SELECT i, ts + INTERVAL '1' DAY, ts - INTERVAL '1' MONTH, ts + INTERVAL '1' YEAR, ts - INTERVAL '1-2' YEAR TO MONTH, ts + INTERVAL '1 02:03:04.005' DAY TO SECOND, d + INTERVAL '1' MONTH, d - INTERVAL '1' DAY, TIMESTAMPADD(MONTH, 13, ts), TIMESTAMPADD(WEEK, -1, d), TIMESTAMPADD(SECOND, -1, ts), TIMESTAMPADD(QUARTER, 1, ts), TIMESTAMPDIFF(DAY, ts, u), TIMESTAMPDIFF(HOUR, ts, u), TIMESTAMPDIFF(MONTH, ts, u), TIMESTAMPDIFF(YEAR, ts, u), TIMESTAMPDIFF(MINUTE, u, ts), TIMESTAMPDIFF(DAY, d, ts), ts < u, ts >= TIMESTAMP '2024-02-29 00:00:00', d = DATE '2024-02-29', ts BETWEEN TIMESTAMP '2000-01-01 00:00:00' AND TIMESTAMP '2024-12-31 00:00:00', CAST(tm + INTERVAL '90' MINUTE AS STRING)
FROM times WHERE i <> 9;
