-- A branch without rows takes no time attribute away.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3), WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/ox_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT TUMBLE_START(`dateTime`, INTERVAL '20' SECOND), COUNT(*)
FROM (SELECT * FROM bid UNION ALL SELECT * FROM bid WHERE 1 = 0)
GROUP BY TUMBLE(`dateTime`, INTERVAL '20' SECOND);
