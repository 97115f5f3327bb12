CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, STDDEV_POP(price) AS sp, STDDEV_SAMP(price) AS ss, VAR_POP(price) AS vp, VAR_SAMP(price) AS vs, STDDEV_POP(CAST(price AS DOUBLE) / 1024) AS dp, VAR_SAMP(CAST(MOD(price, 100) AS DOUBLE)) AS dv FROM bid GROUP BY auction;
