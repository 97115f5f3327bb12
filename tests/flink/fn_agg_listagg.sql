CREATE TABLE t (id INT, k STRING, s STRING, v INT) WITH ('connector'='filesystem','path'='data/fn_agg.csv','format'='csv','csv.null-literal'='NULL');
SELECT k, LISTAGG(s), LISTAGG(s, ''), LISTAGG(s, '; '), LISTAGG(DISTINCT s), LISTAGG(s) FILTER (WHERE v > 1), LISTAGG(CAST(v AS STRING), '|') FROM t GROUP BY k;
