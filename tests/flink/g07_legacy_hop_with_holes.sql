-- Legacy HOP of 4 s every 10 s: rows in the holes belong to no window.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT HOP_START(`dateTime`, INTERVAL '10' SECOND, INTERVAL '4' SECOND) AS ws, HOP_END(`dateTime`, INTERVAL '10' SECOND, INTERVAL '4' SECOND) AS we, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids
FROM bid GROUP BY HOP(`dateTime`, INTERVAL '10' SECOND, INTERVAL '4' SECOND);
