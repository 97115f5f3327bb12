-- SESSION per bidder feeds a TUMBLE: sessions that ended in each half minute.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

CREATE TEMPORARY VIEW w1 AS SELECT window_time AS rowtime, bidder, COUNT(*) AS c, SUM(id) AS ids, window_start AS b
FROM TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(`dateTime`), INTERVAL '8' SECOND)) GROUP BY bidder, window_start, window_end, window_time;
SELECT window_start, window_end, COUNT(*) AS sessions, MAX(c) AS longest, SUM(c) AS c, SUM(ids) AS ids, MIN(b) AS b
FROM TABLE(TUMBLE(TABLE w1, DESCRIPTOR(rowtime), INTERVAL '30' SECOND)) GROUP BY window_start, window_end;
