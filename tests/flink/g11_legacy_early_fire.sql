-- Legacy TUMBLE with an early fire on every row: the final table is that of a plain window.
SET 'table.exec.emit.early-fire.enabled' = 'true';
SET 'table.exec.emit.early-fire.delay' = '0 s';
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT channel, TUMBLE_START(`dateTime`, INTERVAL '30' SECOND) AS ws, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids
FROM bid GROUP BY channel, TUMBLE(`dateTime`, INTERVAL '30' SECOND);
