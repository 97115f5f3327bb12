-- Aggregates of the rows so far, the row itself among them.
CREATE TABLE ticker (
  id INT, symbol STRING, price INT, tax INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH ('connector'='filesystem', 'path'='data/ticker.csv', 'format'='csv', 'csv.null-literal'='');

SELECT * FROM ticker MATCH_RECOGNIZE (
  PARTITION BY symbol ORDER BY ts
  MEASURES LAST(A.id) AS a, LAST(B.id) AS b, C.id AS c, COUNT(*) AS n
  ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
  PATTERN (A+ B+ C) 
  DEFINE A AS AVG(A.price) < 19 AND COUNT(*) < 4, B AS SUM(B.price) < 30, C AS SUM(B.price) + C.price >= 30
) AS m;
