-- Legacy group window: the same rows are late as in the TVF form.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, TUMBLE_START(`dateTime`, INTERVAL '10' SECOND) AS ws, TUMBLE_END(`dateTime`, INTERVAL '10' SECOND) AS we, COUNT(*) AS c, SUM(price) AS s
FROM bid
GROUP BY auction, TUMBLE(`dateTime`, INTERVAL '10' SECOND);
