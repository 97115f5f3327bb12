-- Conditional aggregates OVER (FILTER is refused with OVER).
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`, COUNT(CASE WHEN price > 300 THEN 1 END) OVER w AS c, SUM(CASE WHEN channel = 'web' THEN price END) OVER w AS s, COUNT(NULLIF(channel, 'app')) OVER w AS n
FROM bid
WINDOW w AS (PARTITION BY auction ORDER BY `dateTime` ROWS BETWEEN 5 PRECEDING AND CURRENT ROW);
