-- SESSION over a subquery with PARTITION BY; the key renamed and computed inside.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT b5, window_start, window_end, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids
FROM TABLE(SESSION((SELECT MOD(bidder, 5) AS b5, price, id, `dateTime` FROM bid WHERE price > 10000) PARTITION BY b5, DESCRIPTOR(`dateTime`), INTERVAL '3' SECOND))
GROUP BY b5, window_start, window_end;
