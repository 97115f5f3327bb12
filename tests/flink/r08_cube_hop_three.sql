-- CUBE of three keys inside a HOP, GROUPING_ID of all.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, channel, MOD(auction, 2) AS a2, MOD(bidder, 2) AS b2, GROUPING_ID(channel, MOD(auction, 2), MOD(bidder, 2)) AS gid, GROUPING(window_start) AS gw, COUNT(*) AS c, SUM(id) AS ids
FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '2' MINUTE, INTERVAL '4' MINUTE))
GROUP BY window_start, window_end, CUBE (channel, MOD(auction, 2), MOD(bidder, 2));
