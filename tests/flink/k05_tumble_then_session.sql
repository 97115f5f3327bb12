-- TUMBLE of 5 s feeds a SESSION per auction with a gap of 10 s.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

CREATE TEMPORARY VIEW w1 AS SELECT window_time AS rowtime, auction, COUNT(*) AS c, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, window_time, auction;
SELECT auction, window_start, window_end, COUNT(*) AS parts, SUM(c) AS c, SUM(ids) AS ids
FROM TABLE(SESSION(TABLE w1 PARTITION BY auction, DESCRIPTOR(rowtime), INTERVAL '10' SECOND)) GROUP BY auction, window_start, window_end;
