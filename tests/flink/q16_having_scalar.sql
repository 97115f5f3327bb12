-- HAVING against a value computed elsewhere.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction HAVING COUNT(*) > (SELECT AVG(c) FROM (SELECT COUNT(*) AS c FROM bid GROUP BY auction)) * 2;
