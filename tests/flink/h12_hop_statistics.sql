-- STDDEV_POP, STDDEV_SAMP, VAR_POP, VAR_SAMP of DOUBLE in HOP, as decimals; one row gives NULL for the sample kinds.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, window_start, COUNT(*) AS c, CAST(STDDEV_POP(CAST(price AS DOUBLE)) AS DECIMAL(20, 3)) AS sp, CAST(STDDEV_SAMP(CAST(price AS DOUBLE)) AS DECIMAL(20, 3)) AS ss,
  CAST(VAR_POP(CAST(price AS DOUBLE) / 1000) AS DECIMAL(20, 3)) AS vp, CAST(VAR_SAMP(CAST(price AS DOUBLE) / 1000) AS DECIMAL(20, 3)) AS vs, SUM(id) AS ids
FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '1' MINUTE, INTERVAL '2' MINUTE))
GROUP BY auction, window_start, window_end;
