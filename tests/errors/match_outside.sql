CREATE TABLE t (k STRING, x INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector'='filesystem', 'path'='data/ticker.csv', 'format'='csv', 'csv.ignore-parse-errors'='true');
SELECT MATCH_ROWTIME() FROM t;
