-- OVER on a window aggregate ordered by window_time: a moving sum over windows.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, window_start, window_end, c, SUM(c) OVER w AS last3, SUM(s) OVER w AS s3, AVG(c) OVER w AS a3
FROM (
  SELECT auction, window_start, window_end, window_time, COUNT(*) AS c, SUM(price) AS s
  FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
  GROUP BY auction, window_start, window_end, window_time)
WINDOW w AS (PARTITION BY auction ORDER BY window_time ROWS BETWEEN 2 PRECEDING AND CURRENT ROW);
