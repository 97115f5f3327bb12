-- A HOP without aggregation over the window_time of a TUMBLE without aggregation: late rows kept through both.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT id, rt, window_start, window_end, window_time
FROM TABLE(HOP((SELECT id, window_time AS rt FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '5' SECOND))), DESCRIPTOR(rt), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) WHERE id <= 60;
