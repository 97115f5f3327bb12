-- The quantifier {1,3} between two variables.
CREATE TABLE ticker (
  id INT, symbol STRING, price INT, tax INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH ('connector'='filesystem', 'path'='data/ticker.csv', 'format'='csv', 'csv.null-literal'='');

SELECT * FROM ticker MATCH_RECOGNIZE (
  PARTITION BY symbol ORDER BY ts
  MEASURES A.id AS a, FIRST(B.id) AS b1, LAST(B.id) AS b2, COUNT(B.id) AS n, C.id AS c
  ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
  PATTERN (A B{1,3} C) 
  DEFINE B AS B.price < A.price, C AS C.price > 4
) AS m;
