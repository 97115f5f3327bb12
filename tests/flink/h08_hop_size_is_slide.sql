-- HOP whose slide is its size is a TUMBLE.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT bidder, window_start, window_end, window_time, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids
FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '30' SECOND, INTERVAL '30' SECOND))
GROUP BY bidder, window_start, window_end, window_time;
