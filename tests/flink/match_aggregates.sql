-- Aggregates of a variable and of all rows.
CREATE TABLE ticker (
  id INT, symbol STRING, price INT, tax INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH ('connector'='filesystem', 'path'='data/ticker.csv', 'format'='csv', 'csv.null-literal'='');

SELECT * FROM ticker MATCH_RECOGNIZE (
  PARTITION BY symbol ORDER BY ts
  MEASURES COUNT(*) AS n, COUNT(B.price) AS nb, SUM(B.price) AS s, AVG(B.price) AS av, MIN(B.price) AS mi, MAX(price) AS ma, SUM(B.price * B.tax) AS st, SUM(B.price) + A.price AS q, AVG(CAST(price AS DOUBLE)) AS d, FIRST_VALUE(B.id) AS fv
  ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
  PATTERN (A B+ C) 
  DEFINE B AS B.price < A.price, C AS C.price > LAST(B.price)
) AS m;
