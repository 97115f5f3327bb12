SET 'table.local-time-zone' = 'UTC';
CREATE TABLE t (id INT, ts TIMESTAMP(3), v INT, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND) WITH ('connector'='filesystem','path'='data/fn_b_wm.csv','format'='csv','csv.null-literal'='NULL');
SELECT id, v, CURRENT_WATERMARK(ts) IS NULL OR CURRENT_WATERMARK(ts) < TIMESTAMP '9999-01-01 00:00:00' FROM t;
