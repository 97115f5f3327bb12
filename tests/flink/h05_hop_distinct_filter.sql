-- Several COUNT(DISTINCT) with different filters in one HOP.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, COUNT(DISTINCT bidder) AS b, COUNT(DISTINCT auction) AS a, COUNT(DISTINCT bidder) FILTER (WHERE price > 50000) AS brich,
  COUNT(DISTINCT channel) AS ch, COUNT(DISTINCT bidder) FILTER (WHERE channel = 'Apple') AS bapple, COUNT(*) FILTER (WHERE price IS NULL) AS nop
FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '15' SECOND, INTERVAL '1' MINUTE))
GROUP BY window_start, window_end;
