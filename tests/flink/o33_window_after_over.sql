-- A window aggregate over OVER results (the time attribute goes through).
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

CREATE TEMPORARY VIEW counted AS SELECT auction, `dateTime`, COUNT(*) OVER (PARTITION BY auction ORDER BY `dateTime` ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run FROM bid;

SELECT window_start, window_end, COUNT(*) AS c, SUM(run) AS s, MAX(run) AS m
FROM TABLE(TUMBLE(TABLE counted, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
