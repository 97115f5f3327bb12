-- A grouping set named twice (GROUP_ID tells them apart in the standard) and window_time among the keys.
CREATE TABLE auction (
  id BIGINT, item_name STRING, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_auction.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_time, category, COUNT(*) AS c, SUM(id) AS ids, GROUP_ID() AS grp, GROUPING(category) AS gc
FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(date_time), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, window_time, GROUPING SETS ((category), (category), ());
