-- Three streams.
CREATE TABLE auction (
  id BIGINT, item_name STRING, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_auction.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE person (
  id BIGINT, name STRING, email_address STRING, credit_card STRING, city STRING, state STRING, date_time TIMESTAMP(3),
  WATERMARK FOR date_time AS date_time - INTERVAL '30' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_person.csv', 'format'='csv', 'csv.null-literal'='');

SELECT p.state, a.category, COUNT(*) AS n, SUM(b.price) AS s FROM bid b JOIN auction a ON b.auction = a.id JOIN person p ON p.id = a.seller GROUP BY p.state, a.category;
