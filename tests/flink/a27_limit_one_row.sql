-- LIMIT, OFFSET-free, over exactly one matching row, with an ORDER BY-less subquery.
CREATE TABLE bids (
  id INT, item STRING, color STRING, price BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts
) WITH ('connector'='filesystem', 'path'='data/bids.csv', 'format'='csv');

SELECT id, item, price, ts FROM (SELECT * FROM bids WHERE id = 42) LIMIT 5;
