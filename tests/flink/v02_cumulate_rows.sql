-- CUMULATE without aggregation, SELECT *.
CREATE TABLE person (
  id BIGINT, name STRING, email_address STRING, credit_card STRING, city STRING, state STRING, date_time TIMESTAMP(3),
  WATERMARK FOR date_time AS date_time - INTERVAL '0' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_person.csv', 'format'='csv', 'csv.null-literal'='');

SELECT * FROM TABLE(CUMULATE(TABLE person, DESCRIPTOR(date_time), INTERVAL '20' SECOND, INTERVAL '60' SECOND)) WHERE state = 'CA';
