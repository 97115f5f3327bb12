-- CUMULATE with an offset of 4 s, named arguments.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids
FROM TABLE(CUMULATE(DATA => TABLE bid, TIMECOL => DESCRIPTOR(`dateTime`), STEP => INTERVAL '10' SECOND, SIZE => INTERVAL '30' SECOND, `OFFSET` => INTERVAL '4' SECOND))
GROUP BY window_start, window_end;
