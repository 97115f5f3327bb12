-- Window LEFT JOIN and semi join over HOP windows; nothing is late.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '1' HOUR
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE auction (
  id BIGINT, item_name STRING, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
  WATERMARK FOR date_time AS date_time - INTERVAL '1' HOUR
) WITH ('connector'='filesystem', 'path'='data/nx_auction.csv', 'format'='csv', 'csv.null-literal'='');

SELECT a.id, a.category, b.c, a.window_start
FROM (SELECT * FROM TABLE(HOP(TABLE auction, DESCRIPTOR(date_time), INTERVAL '1' MINUTE, INTERVAL '2' MINUTE)) WHERE id < 1050) a
LEFT JOIN (SELECT auction, window_start, window_end, COUNT(*) AS c FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '1' MINUTE, INTERVAL '2' MINUTE)) GROUP BY auction, window_start, window_end) b
ON a.id = b.auction AND a.window_start = b.window_start AND a.window_end = b.window_end;
SELECT id, window_start FROM (SELECT * FROM TABLE(HOP(TABLE auction, DESCRIPTOR(date_time), INTERVAL '1' MINUTE, INTERVAL '2' MINUTE))) a
WHERE EXISTS (SELECT 1 FROM (SELECT * FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '1' MINUTE, INTERVAL '2' MINUTE))) b WHERE a.id = b.auction AND a.window_start = b.window_start AND a.window_end = b.window_end);
