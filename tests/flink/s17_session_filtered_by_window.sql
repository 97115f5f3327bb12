-- A condition on the window itself is on sessions of all rows.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, window_start, window_end, COUNT(*), SUM(price)
FROM TABLE(SESSION(TABLE bid PARTITION BY auction, DESCRIPTOR(`dateTime`), INTERVAL '5' SECOND))
WHERE price > 200 AND window_end > window_start + INTERVAL '6' SECOND
GROUP BY auction, window_start, window_end;
