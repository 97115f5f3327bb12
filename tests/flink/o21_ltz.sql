-- OVER on a TIMESTAMP_LTZ(3) time attribute in Europe/Berlin.
SET 'table.local-time-zone' = 'Europe/Berlin';
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, dt TIMESTAMP(3), ts AS CAST(dt AS TIMESTAMP_LTZ(3)), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, dt, ts, COUNT(*) OVER w AS c, SUM(price) OVER w AS s
FROM bid
WINDOW w AS (PARTITION BY auction ORDER BY ts RANGE BETWEEN INTERVAL '10' SECOND PRECEDING AND CURRENT ROW);
