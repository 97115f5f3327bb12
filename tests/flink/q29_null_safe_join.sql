-- Keys that are NULL on both sides.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT x.channel, x.n, y.m FROM (SELECT channel, COUNT(*) AS n FROM bid WHERE MOD(id, 2) = 0 GROUP BY channel) x FULL JOIN (SELECT channel, COUNT(*) AS m FROM bid WHERE MOD(id, 3) = 0 GROUP BY channel) y ON x.channel IS NOT DISTINCT FROM y.channel;
