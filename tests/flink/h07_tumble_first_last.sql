-- FIRST_VALUE, LAST_VALUE and LISTAGG in a TUMBLE by arrival order, NULLs skipped, exact duplicates kept (HOP and CUMULATE refuse FIRST_VALUE).
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, FIRST_VALUE(price) AS f, LAST_VALUE(price) AS l, FIRST_VALUE(channel) AS fc, LAST_VALUE(channel) AS lc, LAST_VALUE(id) AS lid, LISTAGG(channel, '|') AS chs, SUM(DISTINCT auction) AS sa, AVG(DISTINCT auction) AS aa
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '5' SECOND))
GROUP BY window_start, window_end;
