-- ROWS 1 PRECEDING, no PARTITION BY.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`, COUNT(*) OVER w AS c, SUM(price) OVER w AS s, MIN(`dateTime`) OVER w AS prv
FROM bid
WINDOW w AS (ORDER BY `dateTime` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
