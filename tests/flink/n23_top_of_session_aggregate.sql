-- Top bidder of a SESSION aggregate per auction and session end.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '2' MINUTE
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT *
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, auction, bidder ORDER BY num DESC) AS rn
  FROM (
    SELECT window_start, window_end, auction, bidder, COUNT(*) AS num
    FROM TABLE(SESSION(TABLE bid PARTITION BY (auction, bidder), DESCRIPTOR(`dateTime`), INTERVAL '12' SECOND))
    GROUP BY window_start, window_end, auction, bidder
  )
) WHERE rn <= 1;
