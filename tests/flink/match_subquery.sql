-- A query before it, WHERE and names behind it.
CREATE TABLE ticker (
  id INT, symbol STRING, price INT, tax INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH ('connector'='filesystem', 'path'='data/ticker.csv', 'format'='csv', 'csv.null-literal'='');

SELECT m.a + 1 AS a1, m.symbol FROM (SELECT id, symbol, price, ts FROM ticker WHERE price > 3) MATCH_RECOGNIZE (
  PARTITION BY symbol ORDER BY ts
  MEASURES A.id AS a, B.id AS b
  ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
  PATTERN (A B) 
  DEFINE B AS B.price > 3
) AS m WHERE symbol = 'ACME';
