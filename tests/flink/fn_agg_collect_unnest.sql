CREATE TABLE t (id INT, k STRING, s STRING, v INT) WITH ('connector'='filesystem','path'='data/fn_agg.csv','format'='csv','csv.null-literal'='NULL');
CREATE VIEW c AS SELECT k, COLLECT(s) AS m FROM t GROUP BY k;
SELECT k, e FROM c CROSS JOIN UNNEST(m) AS u(e);
