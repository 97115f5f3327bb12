-- Late rows filtered by CURRENT_WATERMARK, then OVER: nothing is left to drop.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TEMPORARY VIEW fresh AS SELECT * FROM bid WHERE CURRENT_WATERMARK(`dateTime`) IS NULL OR `dateTime` > CURRENT_WATERMARK(`dateTime`);

SELECT auction, bidder, price, channel, `dateTime`, COUNT(*) OVER w AS c, SUM(price) OVER w AS s
FROM fresh
WINDOW w AS (PARTITION BY auction ORDER BY `dateTime` ROWS BETWEEN 3 PRECEDING AND CURRENT ROW);
