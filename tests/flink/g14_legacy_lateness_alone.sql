-- Legacy TUMBLE with allow-lateness but no late fire: the setting has no effect.
SET 'table.exec.emit.allow-lateness' = '30 s';
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT TUMBLE_START(`dateTime`, INTERVAL '10' SECOND) AS ws, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids
FROM bid GROUP BY TUMBLE(`dateTime`, INTERVAL '10' SECOND);
