-- GROUPING SETS inside a TUMBLE with GROUPING, GROUPING_ID and GROUP_ID.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, channel, auction, GROUPING(channel) AS gc, GROUPING(auction) AS ga, GROUPING_ID(channel, auction) AS gid, GROUP_ID() AS grp, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '1' MINUTE)) WHERE auction < 1005
GROUP BY window_start, window_end, GROUPING SETS ((channel), (auction), ());
