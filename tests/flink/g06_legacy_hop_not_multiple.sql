-- Legacy HOP of 7 s every 3 s: the size need not be a multiple of the slide.
CREATE TABLE bid (
  id BIGINT, auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, `dateTime` TIMESTAMP(3),
  WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_bid.csv', 'format'='csv', 'csv.null-literal'='');

SELECT HOP_START(`dateTime`, INTERVAL '3' SECOND, INTERVAL '7' SECOND) AS ws, HOP_END(`dateTime`, INTERVAL '3' SECOND, INTERVAL '7' SECOND) AS we, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids
FROM bid GROUP BY HOP(`dateTime`, INTERVAL '3' SECOND, INTERVAL '7' SECOND);
