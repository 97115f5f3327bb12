-- HOP without aggregation: every row once per window, late ones too; WHERE on window_start.
CREATE TABLE auction (
  id BIGINT, item_name STRING, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
  WATERMARK FOR date_time AS date_time - INTERVAL '0' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_auction.csv', 'format'='csv', 'csv.null-literal'='');

SELECT id, category, date_time, window_start, window_end, window_time
FROM TABLE(HOP(TABLE auction, DESCRIPTOR(date_time), INTERVAL '15' SECOND, INTERVAL '30' SECOND))
WHERE window_start >= TIMESTAMP '2024-05-01 12:01:00' AND window_start < TIMESTAMP '2024-05-01 12:03:00';
