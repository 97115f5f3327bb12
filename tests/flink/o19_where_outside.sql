-- OVER results in the WHERE of an outer query.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, `dateTime`, c, mx
FROM (
  SELECT *, COUNT(*) OVER w AS c, MAX(price) OVER w AS mx
  FROM bid
  WINDOW w AS (PARTITION BY bidder ORDER BY `dateTime` RANGE BETWEEN INTERVAL '10' SECOND PRECEDING AND CURRENT ROW)
)
WHERE price = mx AND c > 3;
