-- Legacy SESSION over TUMBLE_ROWTIME, per auction.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, SESSION_START(rt, INTERVAL '10' SECOND) AS ws, SESSION_END(rt, INTERVAL '10' SECOND) AS we, SUM(c) AS c, COUNT(*) AS parts, SUM(s) AS s
FROM (SELECT auction, TUMBLE_ROWTIME(`dateTime`, INTERVAL '5' SECOND) AS rt, COUNT(*) AS c, SUM(price) AS s FROM bid WHERE auction > 1003 GROUP BY auction, TUMBLE(`dateTime`, INTERVAL '5' SECOND))
GROUP BY auction, SESSION(rt, INTERVAL '10' SECOND);
