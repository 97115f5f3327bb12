-- The join condition names window_start only: an ordinary join, nothing is late.
CREATE TABLE auction (
  id BIGINT, seller BIGINT, category INT, initial_bid BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_auction.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE person (
  id BIGINT, name STRING, city STRING, state STRING, date_time TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_person.csv', 'format'='csv', 'csv.null-literal'='');

SELECT L.id AS lid, L.seller, R.id AS rid, R.name, L.window_start
FROM (SELECT * FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(date_time), INTERVAL '10' SECOND))) L
JOIN (SELECT * FROM TABLE(TUMBLE(TABLE person, DESCRIPTOR(date_time), INTERVAL '10' SECOND))) R
ON L.seller = R.id AND L.window_start = R.window_start;
