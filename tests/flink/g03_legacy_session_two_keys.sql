-- Legacy SESSION per two keys, and the window not selected.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT auction, channel, COUNT(*) AS c, MIN(price) AS mn, MAX(price) AS mx, SUM(id) AS ids, SESSION_END(`dateTime`, INTERVAL '12' SECOND) AS we
FROM bid GROUP BY auction, SESSION(`dateTime`, INTERVAL '12' SECOND), channel;
