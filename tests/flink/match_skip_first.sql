-- The next match starts with the first row of B.
CREATE TABLE ticker (
  id INT, symbol STRING, price INT, tax INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH ('connector'='filesystem', 'path'='data/ticker.csv', 'format'='csv', 'csv.null-literal'='');

SELECT * FROM ticker MATCH_RECOGNIZE (
  PARTITION BY symbol ORDER BY ts
  MEASURES A.id AS a, FIRST(B.id) AS b1, LAST(B.id) AS b2, COUNT(B.id) AS n, C.id AS c
  ONE ROW PER MATCH AFTER MATCH SKIP TO FIRST B
  PATTERN (A B+ C) 
  DEFINE B AS B.price < LAST(B.price, 1) OR LAST(B.price, 1) IS NULL, C AS C.price > LAST(B.price)
) AS m;
