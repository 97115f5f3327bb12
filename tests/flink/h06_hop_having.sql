-- HAVING on an aggregate that is not selected, SUM of a window over a FILTER, arithmetic over aggregates.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, window_start, SUM(price) FILTER (WHERE bidder < 2010) AS s10, MAX(price) - MIN(price) AS span, COUNT(*) * 2 AS c2, SUM(id) AS ids
FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '20' SECOND, INTERVAL '1' MINUTE))
GROUP BY auction, window_start, window_end
HAVING COUNT(DISTINCT bidder) > 4 AND AVG(price) > 30000;
