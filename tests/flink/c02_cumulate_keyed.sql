-- CUMULATE per bidder group: a window without a new row still repeats the sums of the step before.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT MOD(bidder, 7) AS b, window_start, window_end, COUNT(*) AS c, SUM(price) AS s, MIN(price) AS mn, MAX(price) AS mx, AVG(price) AS av, SUM(id) AS ids
FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND, INTERVAL '1' MINUTE))
GROUP BY MOD(bidder, 7), window_start, window_end;
