CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, SUM(DISTINCT MOD(price, 7)) AS sd, AVG(DISTINCT MOD(price, 7)) AS ad, COUNT(DISTINCT channel) AS cd, COUNT(*) FILTER (WHERE channel IS NULL) AS nn, MAX(price) FILTER (WHERE bidder < 2010) AS mf FROM bid GROUP BY auction;
