-- Two TUMBLE aggregates of different tables, UNION ALL, then a TUMBLE over both: late only in the first ones.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE auction (
  id BIGINT, item_name STRING, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_auction.csv', 'format'='csv', 'csv.null-literal'='');

CREATE TEMPORARY VIEW u AS
SELECT 'b' AS src, window_time AS rt, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, window_time
UNION ALL
SELECT 'a' AS src, window_time AS rt, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(date_time), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, window_time;
SELECT window_start, window_end, COUNT(*) AS parts, COUNT(DISTINCT src) AS srcs, SUM(c) AS c, SUM(ids) AS ids FROM TABLE(TUMBLE(TABLE u, DESCRIPTOR(rt), INTERVAL '30' SECOND)) GROUP BY window_start, window_end;
