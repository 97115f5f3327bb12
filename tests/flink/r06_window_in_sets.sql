-- window_start and window_end inside the GROUPING SETS themselves: a plain aggregate, nothing late.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, channel, COUNT(*) AS c, SUM(id) AS ids, GROUPING(window_start) AS gw
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '1' MINUTE))
GROUP BY GROUPING SETS ((window_start, window_end, channel), (window_start, window_end), (channel), ());
