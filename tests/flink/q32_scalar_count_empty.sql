-- A count of nothing.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE person (
  id BIGINT, name STRING, email_address STRING, credit_card STRING, city STRING, state STRING, date_time TIMESTAMP(3),
  WATERMARK FOR date_time AS date_time - INTERVAL '30' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_person.csv', 'format'='csv', 'csv.null-literal'='');

SELECT id, (SELECT COUNT(*) FROM bid WHERE price < 0) AS n FROM person WHERE id < 2010;
