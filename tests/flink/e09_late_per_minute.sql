-- Late rows counted per channel (an ordinary aggregate).
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT channel, COUNT(*) AS n, COUNT(*) FILTER (WHERE `dateTime` <= CURRENT_WATERMARK(`dateTime`)) AS late, MAX(CURRENT_WATERMARK(`dateTime`)) AS last_wm
FROM bid
GROUP BY channel;
