-- TUMBLE 5 s, then TUMBLE 15 s, then CUMULATE 30 s to 2 min.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

CREATE TEMPORARY VIEW w1 AS SELECT window_time AS rt, channel, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, window_time, channel;
CREATE TEMPORARY VIEW w2 AS SELECT window_time AS rt, COUNT(DISTINCT channel) AS chs, SUM(c) AS c, SUM(ids) AS ids FROM TABLE(TUMBLE(TABLE w1, DESCRIPTOR(rt), INTERVAL '15' SECOND)) GROUP BY window_start, window_end, window_time;
SELECT window_start, window_end, MIN(chs) AS mn, SUM(c) AS c, SUM(ids) AS ids, COUNT(*) AS parts FROM TABLE(CUMULATE(TABLE w2, DESCRIPTOR(rt), INTERVAL '30' SECOND, INTERVAL '2' MINUTE)) GROUP BY window_start, window_end;
