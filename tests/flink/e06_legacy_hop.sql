-- Legacy HOP with late rows.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, HOP_START(`dateTime`, INTERVAL '10' SECOND, INTERVAL '30' SECOND) AS ws, HOP_END(`dateTime`, INTERVAL '10' SECOND, INTERVAL '30' SECOND) AS we, COUNT(*) AS c, SUM(price) AS s
FROM bid
GROUP BY auction, HOP(`dateTime`, INTERVAL '10' SECOND, INTERVAL '30' SECOND);
