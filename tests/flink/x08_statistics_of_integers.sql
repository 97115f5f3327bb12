CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT channel, STDDEV_POP(CAST(MOD(price, 1000) AS INT)) AS i, VAR_POP(CAST(MOD(price, 100) AS SMALLINT)) AS s, STDDEV_SAMP(CAST(MOD(price, 50) AS TINYINT)) AS t, VAR_SAMP(CAST(price AS DECIMAL(10, 2))) AS d, STDDEV_POP(CAST(MOD(price, 777) AS FLOAT)) AS f FROM bid WHERE id < 500 GROUP BY channel;
