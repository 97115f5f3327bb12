-- NULL join keys on both sides: NULL matches nothing, a FULL JOIN keeps both.
CREATE TABLE auction (
  id BIGINT, seller BIGINT, category INT, initial_bid BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '2' MINUTE
) WITH ('connector'='filesystem', 'path'='data/ox_auction.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE person (
  id BIGINT, name STRING, city STRING, state STRING, date_time TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '2' MINUTE
) WITH ('connector'='filesystem', 'path'='data/ox_person.csv', 'format'='csv', 'csv.null-literal'='');

SELECT L.id AS lid, L.seller, R.id AS rid, R.name, R.state, L.window_start AS lw, R.window_start AS rw
FROM (SELECT * FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(date_time), INTERVAL '10' SECOND))) L
FULL JOIN (SELECT * FROM TABLE(TUMBLE(TABLE person, DESCRIPTOR(date_time), INTERVAL '10' SECOND))) R
ON L.seller = R.id AND L.window_start = R.window_start AND L.window_end = R.window_end;
