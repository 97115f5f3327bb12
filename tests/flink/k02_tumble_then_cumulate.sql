-- TUMBLE feeds a CUMULATE through window_time.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

CREATE TEMPORARY VIEW w1 AS SELECT window_time AS rowtime, channel, SUM(price) AS s, COUNT(*) AS c, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, window_time, channel;
SELECT channel, window_start, window_end, COUNT(*) AS parts, SUM(s) AS s, SUM(c) AS c, SUM(ids) AS ids
FROM TABLE(CUMULATE(TABLE w1, DESCRIPTOR(rowtime), INTERVAL '15' SECOND, INTERVAL '1' MINUTE)) GROUP BY channel, window_start, window_end;
