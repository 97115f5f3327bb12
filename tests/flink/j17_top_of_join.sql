-- Window Top-2 over a window join of aggregates.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE auction (
  id BIGINT, seller BIGINT, category INT, initial_bid BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_auction.csv', 'format'='csv', 'csv.null-literal'='');

SELECT *
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY c DESC, auction) AS rn
  FROM (
    SELECT L.window_start, L.window_end, L.auction, L.c, R.m
    FROM (
  SELECT window_start, window_end, auction, COUNT(*) AS c, SUM(price) AS s
  FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
  GROUP BY window_start, window_end, auction) L
    JOIN (
  SELECT window_start, window_end, id, COUNT(*) AS c, MAX(initial_bid) AS m
  FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(date_time), INTERVAL '10' SECOND))
  GROUP BY window_start, window_end, id) R
    ON L.auction = R.id AND L.window_start = R.window_start AND L.window_end = R.window_end)
) WHERE rn <= 2;
