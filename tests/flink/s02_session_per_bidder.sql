-- SESSION per bidder; out-of-order rows merge sessions, late ones are judged after merging.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT bidder, window_start, window_end, COUNT(*) AS c, SUM(price) AS s, MIN(price) AS mn, MAX(price) AS mx, AVG(price) AS av, SUM(id) AS ids
FROM TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
GROUP BY bidder, window_start, window_end;
