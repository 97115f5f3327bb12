-- Window LEFT JOIN of a window deduplication and a window aggregate, with late rows.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE auction (
  id BIGINT, seller BIGINT, category INT, initial_bid BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_auction.csv', 'format'='csv', 'csv.null-literal'='');

SELECT L.auction, L.bidder, L.price, L.`dateTime`, R.c, R.m, L.window_start
FROM (
  SELECT auction, bidder, price, channel, `dateTime`, window_start, window_end
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end, auction ORDER BY `dateTime` DESC) AS rn
  FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
) WHERE rn = 1) L
LEFT JOIN (
  SELECT window_start, window_end, id, COUNT(*) AS c, MAX(initial_bid) AS m
  FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(date_time), INTERVAL '10' SECOND))
  GROUP BY window_start, window_end, id) R
ON L.auction = R.id AND L.window_start = R.window_start AND L.window_end = R.window_end;
