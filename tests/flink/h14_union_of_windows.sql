-- UNION ALL of a TUMBLE, a HOP and a CUMULATE aggregate over the same table.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT 'tumble' AS w, window_start, window_end, COUNT(*) AS c, SUM(id) AS ids FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '30' SECOND)) GROUP BY window_start, window_end
UNION ALL
SELECT 'hop', window_start, window_end, COUNT(*), SUM(id) FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '15' SECOND, INTERVAL '30' SECOND)) GROUP BY window_start, window_end
UNION ALL
SELECT 'cumulate', window_start, window_end, COUNT(*), SUM(id) FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND, INTERVAL '30' SECOND)) GROUP BY window_start, window_end;
