-- FROM HOP(...) without TABLE(), STDDEV_POP and VAR_SAMP of BIGINT are BIGINT.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, window_end, COUNT(*) AS c, STDDEV_POP(price) AS sp, VAR_SAMP(price) AS vs, MIN(channel) AS mn, SUM(id) AS ids
FROM HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '1' MINUTE, INTERVAL '2' MINUTES) GROUP BY window_start, window_end;
