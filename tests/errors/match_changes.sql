CREATE TABLE t (k STRING, x INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector'='filesystem', 'path'='data/ticker.csv', 'format'='csv');
SELECT * FROM (SELECT k, MAX(ts) AS ts FROM t GROUP BY k) MATCH_RECOGNIZE (ORDER BY ts MEASURES A.k AS a PATTERN (A B) DEFINE B AS B.k > 'a');
