-- Legacy TUMBLE with distinct, filters, FIRST_VALUE, LAST_VALUE, LISTAGG, HAVING, extra keys that are expressions.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT MOD(auction, 5) AS a5, TUMBLE_START(`dateTime`, INTERVAL '15' SECOND) AS ws, COUNT(DISTINCT bidder) AS b, COUNT(DISTINCT channel) FILTER (WHERE price > 50000) AS ch,
  FIRST_VALUE(id) AS f, LAST_VALUE(price) AS l, LISTAGG(channel, '|') AS chs, SUM(price) FILTER (WHERE channel = 'Apple') AS sa, SUM(id) AS ids
FROM bid GROUP BY MOD(auction, 5), TUMBLE(`dateTime`, INTERVAL '15' SECOND) HAVING COUNT(*) BETWEEN 2 AND 9;
