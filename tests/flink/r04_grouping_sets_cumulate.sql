-- GROUPING SETS inside a CUMULATE with COUNT(DISTINCT) and HAVING on GROUPING.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, channel, MOD(bidder, 4) AS b4, COUNT(DISTINCT auction) AS a, COUNT(*) AS c, SUM(id) AS ids
FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '30' SECOND, INTERVAL '2' MINUTE))
GROUP BY window_start, window_end, GROUPING SETS ((channel, MOD(bidder, 4)), (channel), ())
HAVING GROUPING(channel) = 1 OR COUNT(*) > 10;
