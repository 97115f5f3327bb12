-- Expressions around OVER results: CASE, division, COALESCE, CAST.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, `dateTime`, price, CASE WHEN price > AVG(price) OVER w THEN 'up' WHEN price IS NULL THEN '-' ELSE 'down' END AS dir, COALESCE(SUM(price) OVER w, 0) * 100 / COUNT(*) OVER w AS pct, CAST(MAX(price) OVER w AS STRING) || '/' || CAST(MIN(price) OVER w AS STRING) AS span
FROM bid
WINDOW w AS (PARTITION BY auction ORDER BY `dateTime` RANGE BETWEEN INTERVAL '15' SECOND PRECEDING AND CURRENT ROW);
