-- An updating aggregate joined to itself.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT x.auction, x.n, y.m FROM (SELECT auction, COUNT(*) AS n FROM bid GROUP BY auction) x JOIN (SELECT auction, MAX(price) AS m FROM bid GROUP BY auction) y ON x.auction = y.auction WHERE x.n > 5;
