-- SUM, AVG, COUNT over INT, SMALLINT, DECIMAL, DOUBLE, and MIN/MAX of STRING, TIMESTAMP OVER.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, `dateTime`, price, SUM(CAST(price AS INT)) OVER w AS si, AVG(CAST(price AS SMALLINT)) OVER w AS asm, SUM(CAST(price AS DECIMAL(10, 2))) OVER w AS sd, AVG(CAST(price AS DECIMAL(10, 2))) OVER w AS ad, SUM(CAST(price AS DOUBLE)) OVER w AS sf, MIN(channel) OVER w AS mc, MAX(`dateTime`) OVER w AS mt
FROM bid
WINDOW w AS (PARTITION BY auction ORDER BY `dateTime` ROWS BETWEEN 2 PRECEDING AND CURRENT ROW);
