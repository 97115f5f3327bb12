-- Rows that WHERE drops are in no session of an aggregate; where the condition asks for the window they are.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, window_start, window_end, COUNT(*), SUM(price)
FROM TABLE(SESSION(TABLE bid PARTITION BY auction, DESCRIPTOR(`dateTime`), INTERVAL '5' SECOND))
WHERE price > 200
GROUP BY auction, window_start, window_end;
