SET 'table.local-time-zone' = 'UTC';
CREATE TABLE t (id INT, ts TIMESTAMP(3), v DOUBLE, WATERMARK FOR ts AS ts) WITH ('connector'='filesystem','path'='data/fn_b_wm2.csv','format'='csv','csv.null-literal'='NULL');
SELECT id, SUM(v) OVER w, COUNT(v) OVER w, AVG(v) OVER w, LAST_VALUE(v) OVER w, STDDEV_SAMP(v) OVER w FROM t WINDOW w AS (ORDER BY ts RANGE BETWEEN INTERVAL '5' SECOND PRECEDING AND CURRENT ROW);
