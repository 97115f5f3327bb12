-- Without PARTITION BY, and rows of the same time in an order of their own.
CREATE TABLE ticker (
  id INT, symbol STRING, price INT, tax INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH ('connector'='filesystem', 'path'='data/ticker.csv', 'format'='csv', 'csv.null-literal'='');

SELECT * FROM ticker MATCH_RECOGNIZE (
   ORDER BY ts, price DESC
  MEASURES A.id AS a, B.id AS b, C.id AS c
  ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
  PATTERN (A B+ C) 
  DEFINE B AS B.price < A.price, C AS C.price > LAST(B.price)
) AS m;
