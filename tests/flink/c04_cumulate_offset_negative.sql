-- CUMULATE with an offset of -8 s, longer than a step and not a multiple of it.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime`
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids
FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '5' SECOND, INTERVAL '30' SECOND, INTERVAL '-8' SECOND))
GROUP BY window_start, window_end;
