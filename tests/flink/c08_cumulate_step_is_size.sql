-- CUMULATE whose step is its size is a TUMBLE.
CREATE TABLE auction (
  id BIGINT, item_name STRING, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_auction.csv', 'format'='csv', 'csv.null-literal'='');

SELECT category, window_start, window_end, window_time, COUNT(*) AS c, SUM(reserve) AS r, AVG(initial_bid) AS av, SUM(id) AS ids
FROM TABLE(CUMULATE(TABLE auction, DESCRIPTOR(date_time), INTERVAL '30' SECOND, INTERVAL '30' SECOND))
GROUP BY category, window_start, window_end, window_time;
