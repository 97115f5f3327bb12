CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT channel, COUNT(*) AS n, COUNT(DISTINCT bidder) FILTER (WHERE price > 30000) AS d, ARRAY_AGG(auction) AS a FROM bid WHERE id < 300 GROUP BY channel HAVING COUNT(*) > 1;
