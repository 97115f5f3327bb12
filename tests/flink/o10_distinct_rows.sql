-- COUNT(DISTINCT) and SUM(DISTINCT) OVER, ROWS 4 PRECEDING and a NULL key.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`, COUNT(DISTINCT auction) OVER w AS da, SUM(DISTINCT bidder) OVER w AS sb, COUNT(DISTINCT price) OVER w AS dp
FROM bid
WINDOW w AS (PARTITION BY channel ORDER BY `dateTime` ROWS BETWEEN 4 PRECEDING AND CURRENT ROW);
