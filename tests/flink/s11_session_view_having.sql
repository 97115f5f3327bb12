-- SESSION over a filtered view: the filtered rows do not extend a session but move the watermark; HAVING.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

CREATE TEMPORARY VIEW v1 AS SELECT bidder, auction, price, `dateTime`, id FROM bid WHERE MOD(id, 3) <> 0;
SELECT auction, window_start, window_end, COUNT(*) AS c, MAX(price) AS mx, SUM(id) AS ids
FROM TABLE(SESSION(TABLE v1 PARTITION BY auction, DESCRIPTOR(`dateTime`), INTERVAL '6' SECOND))
GROUP BY auction, window_start, window_end HAVING COUNT(*) > 2;
