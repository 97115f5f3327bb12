-- OVER by processing time, ROWS UNBOUNDED, LAG and ROW_NUMBER in file order.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), proc AS PROCTIME()
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`, COUNT(*) OVER w AS c, SUM(price) OVER w AS s, AVG(price) OVER w AS a
FROM bid
WINDOW w AS (PARTITION BY bidder ORDER BY proc ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);
