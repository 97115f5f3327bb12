-- Window join of three inputs.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '2' MINUTE
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE auction (
  id BIGINT, seller BIGINT, category INT, initial_bid BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '2' MINUTE
) WITH ('connector'='filesystem', 'path'='data/ox_auction.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE person (
  id BIGINT, name STRING, city STRING, state STRING, date_time TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '2' MINUTE
) WITH ('connector'='filesystem', 'path'='data/ox_person.csv', 'format'='csv', 'csv.null-literal'='');

SELECT X.auction, X.bidder, X.price, X.seller, P.name, P.state, X.window_start
FROM (
  SELECT L.auction, L.bidder, L.price, R.seller, L.window_start, L.window_end
  FROM (SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))) L
  JOIN (SELECT * FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(date_time), INTERVAL '10' SECOND))) R
  ON L.auction = R.id AND L.window_start = R.window_start AND L.window_end = R.window_end) X
JOIN (SELECT * FROM TABLE(TUMBLE(TABLE person, DESCRIPTOR(date_time), INTERVAL '10' SECOND))) P
ON X.seller = P.id AND X.window_start = P.window_start AND X.window_end = P.window_end;
