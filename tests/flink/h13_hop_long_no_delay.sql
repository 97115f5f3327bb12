-- HOP of 2 min every 20 s without a watermark delay: many rows late for some windows, few for all.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime`
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, window_start, window_end, COUNT(*) AS c, SUM(id) AS ids, SUM(price) AS s
FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '20' SECOND, INTERVAL '2' MINUTE))
GROUP BY auction, window_start, window_end;
