-- CURRENT_WATERMARK of a TIMESTAMP_LTZ time attribute.
SET 'table.local-time-zone' = 'Europe/Berlin';
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, dt TIMESTAMP(3), ts AS CAST(dt AS TIMESTAMP_LTZ(3)), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, price, dt, CURRENT_WATERMARK(ts) AS wm
FROM bid
WHERE ts <= CURRENT_WATERMARK(ts) OR CURRENT_WATERMARK(ts) IS NULL;
