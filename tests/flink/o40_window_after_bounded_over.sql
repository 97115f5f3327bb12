-- Windows over OVER with a bounded frame: what it takes behind the watermark is late for the windows above.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

CREATE TEMPORARY VIEW counted AS SELECT auction, `dateTime`, COUNT(*) OVER (PARTITION BY auction ORDER BY `dateTime` RANGE BETWEEN INTERVAL '10' SECOND PRECEDING AND CURRENT ROW) AS run FROM bid;

SELECT window_start, window_end, COUNT(*) AS c, SUM(run) AS s, MAX(run) AS m
FROM TABLE(HOP(TABLE counted, DESCRIPTOR(`dateTime`), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
GROUP BY window_start, window_end;
