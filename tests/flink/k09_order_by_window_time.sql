-- ORDER BY window_time, and the three busiest windows by ORDER BY ... LIMIT.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_time, COUNT(*) AS c FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '30' SECOND)) GROUP BY window_start, window_end, window_time ORDER BY window_time;
SELECT window_start, window_end, SUM(id) AS ids FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '30' SECOND)) GROUP BY window_start, window_end ORDER BY ids DESC LIMIT 3;
