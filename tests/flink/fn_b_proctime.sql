SET 'table.local-time-zone' = 'UTC';
CREATE TABLE t (id INT, ts TIMESTAMP(3), v INT, WATERMARK FOR ts AS ts - INTERVAL '1' SECOND) WITH ('connector'='filesystem','path'='data/fn_b_wm.csv','format'='csv','csv.null-literal'='NULL');
SELECT id, p > TO_TIMESTAMP_LTZ(0, 3), p IS NULL, CAST(p AS DATE) >= DATE '2020-01-01' FROM (SELECT *, PROCTIME() AS p FROM t);
