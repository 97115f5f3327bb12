CREATE TABLE t (id INT, k STRING, s STRING, v INT) WITH ('connector'='filesystem','path'='data/fn_agg.csv','format'='csv','csv.null-literal'='NULL');
SELECT k, COLLECT(s), COLLECT(v), COLLECT(DISTINCT s) FROM t WHERE id <> 6 AND (k <> 'a' OR id = 1) GROUP BY k;
