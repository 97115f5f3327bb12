-- UNION, INTERSECT and EXCEPT of what changes.
CREATE TABLE auction (
  id BIGINT, item_name STRING, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_auction.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT seller AS k FROM auction UNION SELECT bidder FROM bid WHERE price > 90000;
