-- A column whose name reads as a variable's column is not that.
CREATE TABLE t (k INT, price INT, `A.price` INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'path' = 'data/dotted.json', 'format' = 'json');
SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES A.price AS a, `A.price` AS b, A.`A.price` AS c, B.price AS d, A.price + 1 AS e PATTERN (A B) DEFINE B AS B.price < A.price);
