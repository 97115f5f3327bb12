-- FIRST and LAST with offsets, of one variable and of all.
CREATE TABLE ticker (
  id INT, symbol STRING, price INT, tax INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH ('connector'='filesystem', 'path'='data/ticker.csv', 'format'='csv', 'csv.null-literal'='');

SELECT * FROM ticker MATCH_RECOGNIZE (
  PARTITION BY symbol ORDER BY ts
  MEASURES FIRST(A.id) AS a, LAST(B.id, 1) AS l1, FINAL LAST(B.id) AS l0, FIRST(B.id, 1) AS f1, FIRST(B.id, 9) AS f9, LAST(id, 1) AS x, FIRST(id, 1) AS z, price AS p, LAST(B.price + B.tax, 1) AS pt, symbol AS s
  ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
  PATTERN (A B+ C) 
  DEFINE B AS B.price < A.price, C AS C.price > LAST(B.price, 1)
) AS m;
