CREATE TABLE t (id INT, k STRING, s STRING, v INT) WITH ('connector'='filesystem','path'='data/fn_agg.csv','format'='csv','csv.null-literal'='NULL');
SELECT k, JSON_ARRAYAGG(s), JSON_ARRAYAGG(s NULL ON NULL), JSON_ARRAYAGG(v ABSENT ON NULL), JSON_ARRAYAGG(v NULL ON NULL), COUNT(*) FROM t GROUP BY k;
