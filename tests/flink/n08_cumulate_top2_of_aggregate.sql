-- Top-2 of a CUMULATE aggregate by total, NULL totals last under DESC.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, auction, num, total, rn
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY total DESC, auction DESC) AS rn
  FROM (
    SELECT window_start, window_end, auction, COUNT(*) AS num, SUM(price) AS total
    FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '20' SECOND, INTERVAL '1' MINUTE))
    GROUP BY window_start, window_end, auction
  )
) WHERE rn <= 2;
