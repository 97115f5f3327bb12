-- window_time of a TUMBLE as the order of an OVER aggregate.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT channel, rt, c, SUM(c) OVER (PARTITION BY channel ORDER BY rt ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS c3
FROM (SELECT channel, window_time AS rt, COUNT(*) AS c FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '20' SECOND)) GROUP BY channel, window_start, window_end, window_time);
