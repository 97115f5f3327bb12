-- A plain aggregate over windows: how many windows, the longest, the average.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT channel, COUNT(*) AS windows, MAX(c) AS mx, AVG(c) AS av, SUM(c) AS c, MIN(window_start) AS f, MAX(window_end) AS l
FROM (SELECT channel, window_start, window_end, COUNT(*) AS c FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND, INTERVAL '20' SECOND)) GROUP BY channel, window_start, window_end)
GROUP BY channel;
