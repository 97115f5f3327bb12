-- The greatest bid of every auction.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT b.auction, b.id, b.price FROM bid b WHERE b.price = (SELECT MAX(c.price) FROM bid c WHERE c.auction = b.auction);
