-- PARTITION BY window_start without window_end is an ordinary (updating) Top-N: nothing is late.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`, window_start, window_end, rn
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start ORDER BY price DESC, `dateTime`, bidder, auction) AS rn
  FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
) WHERE rn <= 2;
