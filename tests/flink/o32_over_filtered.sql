-- OVER on a filtered view: the filtered rows still advance the watermark.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TEMPORARY VIEW web AS SELECT auction AS a, price + 1 AS p, `dateTime` AS t FROM bid WHERE channel = 'web';

SELECT a, p, t, COUNT(*) OVER w AS c, SUM(p) OVER w AS s
FROM web
WINDOW w AS (PARTITION BY a ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW);
