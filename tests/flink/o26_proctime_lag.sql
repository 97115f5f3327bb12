-- LAG and ROW_NUMBER by processing time: file order.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), proc AS PROCTIME()
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`, LAG(price) OVER (PARTITION BY auction ORDER BY proc) AS l1, LAG(`dateTime`, 2) OVER (PARTITION BY auction ORDER BY proc) AS l2
FROM bid;
