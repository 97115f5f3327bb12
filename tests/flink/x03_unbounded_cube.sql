CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT channel, MOD(bidder, 3) AS b, COUNT(*) AS n, MAX(price) AS m, GROUPING(channel) AS g FROM bid GROUP BY CUBE (channel, MOD(bidder, 3));
