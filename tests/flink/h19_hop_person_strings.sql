-- HOP over persons: MIN and MAX of strings, COUNT of a nullable column, expression keys.
CREATE TABLE person (
  id BIGINT, name STRING, email_address STRING, credit_card STRING, city STRING, state STRING, date_time TIMESTAMP(3),
  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_person.csv', 'format'='csv', 'csv.null-literal'='');

SELECT COALESCE(state, '?') || '/' || city AS place, window_start, window_end, COUNT(*) AS c, COUNT(state) AS st, MIN(name) AS mn, MAX(name) AS mx, SUM(id) AS ids
FROM TABLE(HOP(TABLE person, DESCRIPTOR(date_time), INTERVAL '30' SECOND, INTERVAL '90' SECOND))
GROUP BY COALESCE(state, '?') || '/' || city, window_start, window_end;
