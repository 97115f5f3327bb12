-- Arithmetic around LAG, LAG of an expression, no partition, in the time delay of the watermark.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`, price - LAG(price) OVER w AS diff, LAG(bidder * 2 + auction, 1, CAST(0 AS BIGINT)) OVER w AS l, LAG(`dateTime`) OVER w AS prv
FROM bid
WINDOW w AS (ORDER BY `dateTime`);
