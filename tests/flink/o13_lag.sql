-- LAG with no offset, offsets and a default, per auction; rows of equal time share the value of the last of them.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`,
  LAG(price) OVER (PARTITION BY auction ORDER BY `dateTime`) AS l1,
  LAG(price, 2) OVER (PARTITION BY auction ORDER BY `dateTime`) AS l2,
  LAG(bidder, 3, CAST(-1 AS BIGINT)) OVER (PARTITION BY auction ORDER BY `dateTime`) AS l3,
  LAG(COALESCE(channel, '?'), 1, CAST('none' AS STRING)) OVER (PARTITION BY auction ORDER BY `dateTime`) AS lc
FROM bid;
