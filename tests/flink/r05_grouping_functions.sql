-- GROUPING functions with no grouping sets, and of window_start, are 0.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, channel, GROUP_ID() AS g, GROUPING(channel) AS gc, GROUPING_ID(channel, window_start) AS gi, COUNT(*) AS c, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '2' MINUTE)) GROUP BY window_start, window_end, channel;
