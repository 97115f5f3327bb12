-- HOP with an offset of 3 s, named arguments.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids
FROM TABLE(HOP(DATA => TABLE bid, TIMECOL => DESCRIPTOR(`dateTime`), SLIDE => INTERVAL '10' SECOND, SIZE => INTERVAL '30' SECOND, `OFFSET` => INTERVAL '3' SECOND))
GROUP BY window_start, window_end;
