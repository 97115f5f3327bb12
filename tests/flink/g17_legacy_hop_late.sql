-- Legacy HOP without a watermark delay: a row late for some of its windows.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime`
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, HOP_START(`dateTime`, INTERVAL '15' SECOND, INTERVAL '1' MINUTE) AS ws, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids, COUNT(DISTINCT bidder) AS b
FROM bid GROUP BY auction, HOP(`dateTime`, INTERVAL '15' SECOND, INTERVAL '1' MINUTE);
