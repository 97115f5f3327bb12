-- SESSION partitioned by two columns, one of them nullable; grouped in the other order.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT channel, auction, window_start, window_end, COUNT(*) AS c, COUNT(DISTINCT bidder) AS b, SUM(id) AS ids
FROM TABLE(SESSION(TABLE bid PARTITION BY (auction, channel), DESCRIPTOR(`dateTime`), INTERVAL '15' SECOND))
GROUP BY window_start, window_end, channel, auction;
