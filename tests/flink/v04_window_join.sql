-- Window join of bids and auctions over TUMBLE: nothing is late, so it does not matter which file is read first.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '1' HOUR
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE auction (
  id BIGINT, item_name STRING, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
  WATERMARK FOR date_time AS date_time - INTERVAL '1' HOUR
) WITH ('connector'='filesystem', 'path'='data/nx_auction.csv', 'format'='csv', 'csv.null-literal'='');

SELECT b.id, b.auction, a.seller, b.price, b.window_start, b.window_end
FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '30' SECOND))) b
JOIN (SELECT * FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(date_time), INTERVAL '30' SECOND))) a
ON b.auction = a.id AND b.window_start = a.window_start AND b.window_end = a.window_end;
