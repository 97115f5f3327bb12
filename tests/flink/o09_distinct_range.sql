-- COUNT(DISTINCT), SUM(DISTINCT), AVG(DISTINCT) OVER, RANGE 20 SECOND.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`, COUNT(DISTINCT bidder) OVER w AS db, SUM(DISTINCT price) OVER w AS ds, COUNT(DISTINCT channel) OVER w AS dc, AVG(DISTINCT bidder) OVER w AS da
FROM bid
WINDOW w AS (PARTITION BY auction ORDER BY `dateTime` RANGE BETWEEN INTERVAL '20' SECOND PRECEDING AND CURRENT ROW);
