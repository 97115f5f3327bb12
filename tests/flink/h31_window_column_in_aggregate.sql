-- A column of the window inside an aggregate, a filter and a key.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, DATE_FORMAT(window_end, 'mm:ss') AS e, MAX(window_time) AS t, COUNT(*) FILTER (WHERE `dateTime` > window_start + INTERVAL '5' SECOND) AS late_half, SUM(id) AS ids
FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
GROUP BY window_start, window_end, DATE_FORMAT(window_end, 'mm:ss');
