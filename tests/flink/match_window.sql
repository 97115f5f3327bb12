-- Windows over the time of matches.
CREATE TABLE ticker (
  id INT, symbol STRING, price INT, tax INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH ('connector'='filesystem', 'path'='data/ticker.csv', 'format'='csv', 'csv.null-literal'='');

CREATE VIEW m AS SELECT * FROM ticker MATCH_RECOGNIZE (
  PARTITION BY symbol ORDER BY ts
  MEASURES A.id AS a, MATCH_ROWTIME() AS t
  ONE ROW PER MATCH AFTER MATCH SKIP PAST LAST ROW
  PATTERN (A B) 
  DEFINE B AS B.price > 5
);

SELECT window_start, symbol, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE m, DESCRIPTOR(t), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, symbol;
