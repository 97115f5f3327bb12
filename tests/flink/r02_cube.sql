-- CUBE inside a TUMBLE: NULL keys next to the NULLs of the rollup.
CREATE TABLE auction (
  id BIGINT, item_name STRING, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_auction.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, category, item_name, COUNT(*) AS c, SUM(reserve) AS r, GROUPING_ID(category, item_name) AS gid, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(date_time), INTERVAL '2' MINUTE)) WHERE item_name LIKE '%-1' OR item_name LIKE 'x%'
GROUP BY window_start, window_end, CUBE (category, item_name);
