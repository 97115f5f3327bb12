-- CUMULATE with HAVING per auction and channel.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, channel, window_start, window_end, COUNT(*) AS c, MAX(price) AS mx, SUM(id) AS ids
FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '30' SECOND, INTERVAL '3' MINUTES))
GROUP BY auction, channel, window_start, window_end HAVING COUNT(*) > 5;
