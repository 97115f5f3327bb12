-- STDDEV_POP, STDDEV_SAMP, VAR_POP, VAR_SAMP of a DOUBLE OVER ROWS 3 PRECEDING, rounded.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`, ROUND(STDDEV_POP(CAST(price AS DOUBLE)) OVER w, 6) AS sp, ROUND(STDDEV_SAMP(CAST(price AS DOUBLE)) OVER w, 6) AS ss, ROUND(VAR_POP(CAST(price AS DOUBLE)) OVER w, 4) AS vp, ROUND(VAR_SAMP(CAST(price AS DOUBLE)) OVER w, 4) AS vs
FROM bid
WINDOW w AS (PARTITION BY auction ORDER BY `dateTime` ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);
