-- OVER by processing time, ROWS 3 PRECEDING: rows in file order.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), proc AS PROCTIME()
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`, COUNT(*) OVER w AS c, SUM(price) OVER w AS s, MAX(price) OVER w AS mx, FIRST_VALUE(price) OVER w AS f
FROM bid
WINDOW w AS (PARTITION BY auction ORDER BY proc ROWS BETWEEN 3 PRECEDING AND CURRENT ROW);
