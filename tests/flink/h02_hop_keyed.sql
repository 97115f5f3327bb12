-- HOP per channel, NULL key included, SUM MIN MAX AVG; a late row under a key seen for the first time.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT channel, window_start, window_end, COUNT(*) AS c, SUM(price) AS s, MIN(price) AS mn, MAX(price) AS mx, AVG(price) AS av, SUM(id) AS ids
FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '5' SECONDS, INTERVAL '20' SECONDS))
GROUP BY channel, window_start, window_end;
