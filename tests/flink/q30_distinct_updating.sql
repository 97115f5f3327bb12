-- DISTINCT aggregates over what changes.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT c, COUNT(DISTINCT n) AS d, MAX(n) AS most, MIN(n) AS least FROM (SELECT auction, CHAR_LENGTH(channel) AS c, COUNT(*) AS n FROM bid GROUP BY auction, channel) GROUP BY c;
