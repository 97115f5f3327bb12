CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT channel, auction, COUNT(*) AS n, SUM(price) AS s, GROUPING_ID(channel, auction) AS g FROM bid GROUP BY GROUPING SETS ((channel), (auction), ());
