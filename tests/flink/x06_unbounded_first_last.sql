CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT bidder, FIRST_VALUE(channel) AS fc, LAST_VALUE(channel) AS lc, FIRST_VALUE(price) AS fp, LAST_VALUE(price) AS lp, MIN(channel) AS mn, MAX(price) AS mx FROM bid GROUP BY bidder;
