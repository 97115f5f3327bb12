-- Legacy HOP with HOP_START, HOP_END, HOP_ROWTIME and an extra key.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT channel, HOP_START(`dateTime`, INTERVAL '5' SECOND, INTERVAL '20' SECOND) AS ws, HOP_END(`dateTime`, INTERVAL '5' SECOND, INTERVAL '20' SECOND) AS we,
  HOP_ROWTIME(`dateTime`, INTERVAL '5' SECOND, INTERVAL '20' SECOND) AS rt, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids
FROM bid GROUP BY channel, HOP(`dateTime`, INTERVAL '5' SECOND, INTERVAL '20' SECOND);
