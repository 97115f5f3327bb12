-- Legacy HOP with early and late fires and a lateness of one minute.
SET 'table.exec.emit.allow-lateness' = '1 min';
SET 'table.exec.emit.early-fire.enabled' = 'true';
SET 'table.exec.emit.early-fire.delay' = '0 s';
SET 'table.exec.emit.late-fire.enabled' = 'true';
SET 'table.exec.emit.late-fire.delay' = '0 s';
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, HOP_START(`dateTime`, INTERVAL '10' SECOND, INTERVAL '30' SECOND) AS ws, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids
FROM bid WHERE auction < 1006 GROUP BY auction, HOP(`dateTime`, INTERVAL '10' SECOND, INTERVAL '30' SECOND);
