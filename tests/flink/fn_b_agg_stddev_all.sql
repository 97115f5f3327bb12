SET 'table.local-time-zone' = 'UTC';
CREATE TABLE t (id INT, g STRING, t TINYINT, s SMALLINT, i INT, b BIGINT, f FLOAT, d DOUBLE, n DECIMAL(10,2), dt DATE, tm TIME, ts TIMESTAMP(3), bo BOOLEAN, st STRING, p DOUBLE, w INT, l AS CAST(ts AS TIMESTAMP_LTZ(3)), iv AS w * INTERVAL '1' HOUR, ym AS w * INTERVAL '1' MONTH) WITH ('connector'='filesystem','path'='data/fn_b_agg.csv','format'='csv','csv.null-literal'='NULL');
SELECT STDDEV_POP(i), STDDEV_SAMP(n), VAR_POP(d), VAR_SAMP(f), VARIANCE(t), AVG(b), SUM(s), COUNT(*) FROM t WHERE g IN ('a', 'o', 'n');
