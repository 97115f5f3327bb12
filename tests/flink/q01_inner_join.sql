-- An inner join of two streams.
CREATE TABLE auction (
  id BIGINT, item_name STRING, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_auction.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE person (
  id BIGINT, name STRING, email_address STRING, credit_card STRING, city STRING, state STRING, date_time TIMESTAMP(3),
  WATERMARK FOR date_time AS date_time - INTERVAL '30' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_person.csv', 'format'='csv', 'csv.null-literal'='');

SELECT p.name, p.city, p.state, a.id FROM auction a JOIN person p ON a.seller = p.id WHERE a.category IN (10, 11);
