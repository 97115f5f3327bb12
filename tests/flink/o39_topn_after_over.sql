-- The three largest moving sums per auction (ordinary Top-N over OVER).
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, `dateTime`, s, rn FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY s DESC, `dateTime`) AS rn FROM (
    SELECT auction, `dateTime`, SUM(price) OVER w AS s FROM bid WINDOW w AS (PARTITION BY auction ORDER BY `dateTime` ROWS BETWEEN 3 PRECEDING AND CURRENT ROW))
) WHERE rn <= 3;
