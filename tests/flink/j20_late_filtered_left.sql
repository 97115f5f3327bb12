-- Rows late against their own watermark are filtered by CURRENT_WATERMARK before the join: none is late in the join.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE auction (
  id BIGINT, seller BIGINT, category INT, initial_bid BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_auction.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TEMPORARY VIEW fresh_bid AS SELECT * FROM bid WHERE CURRENT_WATERMARK(`dateTime`) IS NULL OR `dateTime` > CURRENT_WATERMARK(`dateTime`);
CREATE TEMPORARY VIEW fresh_auction AS SELECT * FROM auction WHERE CURRENT_WATERMARK(date_time) IS NULL OR date_time > CURRENT_WATERMARK(date_time);

SELECT L.auction, L.bidder, L.price, L.`dateTime`, R.id, R.seller, R.date_time, L.window_start AS lw, R.window_start AS rw
FROM (SELECT * FROM TABLE(TUMBLE(TABLE fresh_bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))) L
FULL JOIN (SELECT * FROM TABLE(TUMBLE(TABLE fresh_auction, DESCRIPTOR(date_time), INTERVAL '10' SECOND))) R
ON L.auction = R.id AND L.window_start = R.window_start AND L.window_end = R.window_end;
