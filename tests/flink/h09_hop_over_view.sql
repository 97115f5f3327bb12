-- HOP over a view that filters, computes and renames the time column.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

CREATE TEMPORARY VIEW dear AS SELECT `dateTime` AS rt, UPPER(channel) AS ch, price / 100 AS eur, id FROM bid WHERE price > 20000 AND channel IS NOT NULL;
SELECT ch, window_start, window_end, COUNT(*) AS c, SUM(eur) AS s, AVG(eur) AS av, SUM(id) AS ids
FROM TABLE(HOP(TABLE dear, DESCRIPTOR(rt), INTERVAL '30' SECOND, INTERVAL '60' SECOND))
GROUP BY ch, window_start, window_end;
