CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, STDDEV_POP(price * 1000000) AS sp, VAR_POP(price * 10000) AS vp, VAR_POP(CAST(MOD(price, 5) AS INT)) AS small, STDDEV_POP(MOD(price, 3)) AS tiny FROM bid GROUP BY auction;
