-- CUMULATE of unique users, in filters too.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, COUNT(DISTINCT bidder) AS uv, COUNT(DISTINCT bidder) FILTER (WHERE channel IN ('Apple', 'Google')) AS ag, COUNT(DISTINCT channel) AS ch,
  SUM(price) FILTER (WHERE auction = 1000) AS s1000, COUNT(*) FILTER (WHERE channel = 'none') AS zero, SUM(price) FILTER (WHERE channel = 'none') AS nothing
FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '20' SECOND, INTERVAL '2' MINUTE))
GROUP BY window_start, window_end;
