-- A group aggregate over OVER results.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, COUNT(*) AS c, SUM(run) AS s, MAX(mx) AS m
FROM (
  SELECT auction, COUNT(*) OVER w AS run, MAX(price) OVER w AS mx FROM bid WINDOW w AS (PARTITION BY auction ORDER BY `dateTime` ROWS BETWEEN 3 PRECEDING AND CURRENT ROW))
GROUP BY auction;
