-- CURRENT_WATERMARK per row: what the rows before had reached, NULL for the first; late is at or below it.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, bidder, price, channel, `dateTime`, CURRENT_WATERMARK(`dateTime`) AS wm, `dateTime` <= CURRENT_WATERMARK(`dateTime`) AS late
FROM bid;
