-- HOP windows feed a TUMBLE through window_time.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

CREATE TEMPORARY VIEW w1 AS SELECT window_time AS rowtime, auction, SUM(price) AS s, COUNT(*) AS c, SUM(id) AS ids
FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) GROUP BY window_start, window_end, window_time, auction;
SELECT window_start, window_end, COUNT(*) AS parts, SUM(s) AS s, SUM(c) AS c, SUM(ids) AS ids, COUNT(DISTINCT auction) AS a
FROM TABLE(TUMBLE(TABLE w1, DESCRIPTOR(rowtime), INTERVAL '30' SECOND)) GROUP BY window_start, window_end;
