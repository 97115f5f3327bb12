CREATE TABLE t (k INT, r ROW<k INT>, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector'='datagen','number-of-rows'='2');
SELECT * FROM t MATCH_RECOGNIZE (PARTITION BY r.k ORDER BY ts MEASURES A.k AS a PATTERN (A B) DEFINE B AS B.k < A.k);
