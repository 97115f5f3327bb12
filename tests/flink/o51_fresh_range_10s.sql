-- Late rows filtered by CURRENT_WATERMARK first, so that any lateness rule gives the same: the query of o03.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TEMPORARY VIEW fresh AS SELECT * FROM bid WHERE CURRENT_WATERMARK(`dateTime`) IS NULL OR `dateTime` > CURRENT_WATERMARK(`dateTime`);

SELECT auction, bidder, price, channel, `dateTime`, COUNT(*) OVER w AS c, COUNT(price) OVER w AS cp, SUM(price) OVER w AS s, AVG(price) OVER w AS a, MIN(price) OVER w AS mn, MAX(price) OVER w AS mx
FROM fresh
WINDOW w AS (PARTITION BY auction ORDER BY `dateTime` RANGE BETWEEN INTERVAL '10' SECOND PRECEDING AND CURRENT ROW);
