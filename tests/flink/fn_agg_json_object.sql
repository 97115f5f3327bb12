CREATE TABLE t (id INT, k STRING, s STRING, v INT) WITH ('connector'='filesystem','path'='data/fn_agg.csv','format'='csv','csv.null-literal'='NULL');
SELECT k, JSON_OBJECTAGG(KEY CAST(id AS STRING) VALUE s), JSON_OBJECTAGG(KEY CAST(id AS STRING) VALUE v NULL ON NULL), JSON_OBJECTAGG(CAST(id AS STRING) VALUE v ABSENT ON NULL) FROM t GROUP BY k;
