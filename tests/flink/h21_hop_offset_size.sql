-- HOP whose offset is as long as its size or longer than its slide is accepted: the offset counts modulo the slide.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '5' SECOND, INTERVAL '10' SECOND, INTERVAL '7' SECOND)) GROUP BY window_start, window_end;
SELECT window_start, window_end, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '15' SECOND, INTERVAL '30' SECOND, INTERVAL '30' SECOND)) GROUP BY window_start, window_end;
