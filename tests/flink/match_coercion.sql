-- Conditions and measures are typed as other expressions are.
CREATE TABLE ticker (
  id INT, symbol STRING, price INT, tax INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH ('connector'='filesystem', 'path'='data/ticker.csv', 'format'='csv', 'csv.null-literal'='');

SELECT * FROM ticker MATCH_RECOGNIZE (
  PARTITION BY symbol ORDER BY ts
  MEASURES A.price * 1.5 AS e, A.price / 2 AS h, CASE WHEN A.price > 10 THEN 'high' ELSE B.symbol END AS c, CAST(B.ts AS DATE) AS d
  ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
  PATTERN (A B) 
  DEFINE B AS B.price > '3' AND B.price + 0.5 > 4 AND B.symbol LIKE 'A%'
) AS m;
