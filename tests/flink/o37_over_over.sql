-- OVER on top of OVER (two levels).
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, `dateTime`, price, c, SUM(c) OVER w AS sc
FROM (
  SELECT auction, `dateTime`, price, COUNT(*) OVER w AS c FROM bid WINDOW w AS (PARTITION BY auction ORDER BY `dateTime` ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))
WINDOW w AS (PARTITION BY auction ORDER BY `dateTime` ROWS BETWEEN 1 PRECEDING AND CURRENT ROW);
