-- No PARTITION BY, RANGE 5 SECOND.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`, COUNT(*) OVER w AS c, COUNT(price) OVER w AS cp, SUM(price) OVER w AS s, AVG(price) OVER w AS a, MIN(price) OVER w AS mn, MAX(price) OVER w AS mx
FROM bid
WINDOW w AS (ORDER BY `dateTime` RANGE BETWEEN INTERVAL '5' SECOND PRECEDING AND CURRENT ROW);
