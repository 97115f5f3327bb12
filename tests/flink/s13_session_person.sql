-- SESSION of persons per city, gap of 20 s, statistics.
CREATE TABLE person (
  id BIGINT, name STRING, email_address STRING, credit_card STRING, city STRING, state STRING, date_time TIMESTAMP(3),
  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_person.csv', 'format'='csv', 'csv.null-literal'='');

SELECT city, window_start, window_end, COUNT(*) AS c, MIN(name) AS mn, MAX(state) AS mx, CAST(STDDEV_SAMP(CAST(id AS DOUBLE)) AS DECIMAL(12, 3)) AS sd, SUM(id) AS ids
FROM TABLE(SESSION(TABLE person PARTITION BY city, DESCRIPTOR(date_time), INTERVAL '20' SECOND))
GROUP BY city, window_start, window_end;
