-- Legacy TUMBLE over HOP_ROWTIME of a legacy HOP.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT TUMBLE_START(rt, INTERVAL '30' SECOND) AS ws, TUMBLE_END(rt, INTERVAL '30' SECOND) AS we, SUM(c) AS c, SUM(s) AS s, COUNT(*) AS parts, MAX(c) AS best
FROM (SELECT auction, HOP_ROWTIME(`dateTime`, INTERVAL '5' SECOND, INTERVAL '10' SECOND) AS rt, COUNT(*) AS c, SUM(price) AS s FROM bid GROUP BY auction, HOP(`dateTime`, INTERVAL '5' SECOND, INTERVAL '10' SECOND))
GROUP BY TUMBLE(rt, INTERVAL '30' SECOND);
