CREATE TABLE t (id INT, k STRING, s STRING, v INT) WITH ('connector'='filesystem','path'='data/fn_agg.csv','format'='csv','csv.null-literal'='NULL');
CREATE VIEW c AS SELECT COALESCE(k, 'none') AS kk, SUM(v) AS sv, MAX(s) AS ms FROM t GROUP BY k;
SELECT JSON_OBJECTAGG(kk VALUE sv), LISTAGG(ms), COUNT(*) FROM c WHERE kk = 'a';
