-- Window LEFT JOIN on CUMULATE.
CREATE TABLE auction (
  id BIGINT, seller BIGINT, category INT, initial_bid BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '2' MINUTE
) WITH ('connector'='filesystem', 'path'='data/ox_auction.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE person (
  id BIGINT, name STRING, city STRING, state STRING, date_time TIMESTAMP(3), WATERMARK FOR date_time AS date_time - INTERVAL '2' MINUTE
) WITH ('connector'='filesystem', 'path'='data/ox_person.csv', 'format'='csv', 'csv.null-literal'='');

SELECT L.id AS lid, L.seller, L.category, R.name, R.city, L.window_start, L.window_end
FROM (SELECT * FROM TABLE(CUMULATE(TABLE auction, DESCRIPTOR(date_time), INTERVAL '20' SECOND, INTERVAL '1' MINUTE))) L
LEFT JOIN (SELECT * FROM TABLE(CUMULATE(TABLE person, DESCRIPTOR(date_time), INTERVAL '20' SECOND, INTERVAL '1' MINUTE))) R
ON L.seller = R.id AND L.window_start = R.window_start AND L.window_end = R.window_end;
