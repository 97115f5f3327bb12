-- CUMULATE to 3 min by 15 s without a watermark delay: a late row counts from the first open step on.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime`
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT channel, window_start, window_end, COUNT(*) AS c, SUM(id) AS ids, SUM(price) AS s
FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '15' SECOND, INTERVAL '3' MINUTE))
GROUP BY channel, window_start, window_end;
