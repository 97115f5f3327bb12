-- ROLLUP inside a HOP, three keys.
CREATE TABLE person (
  id BIGINT, name STRING, email_address STRING, credit_card STRING, city STRING, state STRING, date_time TIMESTAMP(3),
  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_person.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, state, city, GROUPING(state) AS gs, GROUPING(city) AS gc, COUNT(*) AS c, MIN(name) AS mn, SUM(id) AS ids
FROM TABLE(HOP(TABLE person, DESCRIPTOR(date_time), INTERVAL '1' MINUTE, INTERVAL '2' MINUTE))
GROUP BY window_start, window_end, ROLLUP (state, city);
