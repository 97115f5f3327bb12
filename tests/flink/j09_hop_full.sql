-- Window FULL JOIN on HOP with COALESCE of the window columns.
CREATE TABLE auction (
  id BIGINT, seller BIGINT, category INT, initial_bid BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '2' MINUTE
) WITH ('connector'='filesystem', 'path'='data/ox_auction.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE person (
  id BIGINT, name STRING, city STRING, state STRING, date_time TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '2' MINUTE
) WITH ('connector'='filesystem', 'path'='data/ox_person.csv', 'format'='csv', 'csv.null-literal'='');

SELECT L.id AS lid, L.seller, R.id AS rid, R.name, COALESCE(L.window_start, R.window_start) AS ws, COALESCE(L.window_end, R.window_end) AS we
FROM (SELECT * FROM TABLE(HOP(TABLE auction, DESCRIPTOR(date_time), INTERVAL '10' SECOND, INTERVAL '20' SECOND))) L
FULL JOIN (SELECT * FROM TABLE(HOP(TABLE person, DESCRIPTOR(date_time), INTERVAL '10' SECOND, INTERVAL '20' SECOND))) R
ON L.seller = R.id AND L.window_start = R.window_start AND L.window_end = R.window_end;
