CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, SUM(DISTINCT MOD(price, 7)) AS sd, AVG(DISTINCT MOD(price, 7)) AS ad, STDDEV_POP(price) AS sp, LISTAGG(channel) FILTER (WHERE price > 80000) AS l, ARRAY_AGG(bidder) FILTER (WHERE price > 90000) AS a FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '20' SECOND)) GROUP BY window_start, window_end;
