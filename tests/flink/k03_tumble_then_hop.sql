-- TUMBLE per bidder feeds a HOP: hot items by way of two windows, nested and without a view.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, MAX(c) AS best, COUNT(*) AS n, SUM(c) AS c, SUM(ids) AS ids
FROM TABLE(HOP((SELECT bidder, COUNT(*) AS c, SUM(id) AS ids, window_time AS rt FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND)) GROUP BY bidder, window_start, window_end, window_time),
  DESCRIPTOR(rt), INTERVAL '20' SECOND, INTERVAL '40' SECOND)) GROUP BY window_start, window_end;
