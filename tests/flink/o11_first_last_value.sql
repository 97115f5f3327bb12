-- FIRST_VALUE and LAST_VALUE OVER skip NULLs; ROWS UNBOUNDED.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`, FIRST_VALUE(price) OVER w AS fp, LAST_VALUE(price) OVER w AS lp, FIRST_VALUE(channel) OVER w AS fc, LAST_VALUE(channel) OVER w AS lc
FROM bid
WINDOW w AS (PARTITION BY auction ORDER BY `dateTime` ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);
