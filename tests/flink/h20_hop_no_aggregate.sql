-- GROUP BY the window of a HOP and a key without any aggregate; HAVING COUNT.
CREATE TABLE auction (
  id BIGINT, item_name STRING, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_auction.csv', 'format'='csv', 'csv.null-literal'='');

SELECT category, window_start, window_end
FROM TABLE(HOP(TABLE auction, DESCRIPTOR(date_time), INTERVAL '10' SECOND, INTERVAL '20' SECOND))
GROUP BY category, window_start, window_end HAVING COUNT(*) >= 4;
SELECT window_start, window_end
FROM TABLE(HOP(TABLE auction, DESCRIPTOR(date_time), INTERVAL '10' SECOND, INTERVAL '20' SECOND))
GROUP BY window_start, window_end;
