-- A value computed elsewhere inside CASE.
CREATE TABLE auction (
  id BIGINT, item_name STRING, initial_bid BIGINT, reserve BIGINT, date_time TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_auction.csv', 'format'='csv', 'csv.null-literal'='');

SELECT id, CASE WHEN reserve > (SELECT AVG(reserve) FROM auction) THEN 'high' ELSE 'low' END AS level FROM auction;
