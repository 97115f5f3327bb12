-- CUMULATE by the hour up to a day, offset by 8 hours.
CREATE TABLE person (
  id BIGINT, name STRING, email_address STRING, credit_card STRING, city STRING, state STRING, date_time TIMESTAMP(3),
  WATERMARK FOR date_time AS date_time - INTERVAL '30' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_person.csv', 'format'='csv', 'csv.null-literal'='');

SELECT city, window_start, window_end, COUNT(*) AS c, COUNT(DISTINCT state) AS st, SUM(id) AS ids
FROM TABLE(CUMULATE(TABLE person, DESCRIPTOR(date_time), INTERVAL '6' HOUR, INTERVAL '1' DAY, INTERVAL '8' HOUR))
GROUP BY city, window_start, window_end;
