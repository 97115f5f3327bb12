CREATE TABLE t (id INT, k STRING, s STRING, v INT) WITH ('connector'='filesystem','path'='data/fn_agg.csv','format'='csv','csv.null-literal'='NULL');
SELECT JSON_ARRAYAGG(v), JSON_OBJECTAGG(CONCAT('k', CAST(100 - id AS STRING)) VALUE s), JSON_ARRAYAGG(JSON_OBJECT('k' VALUE k, 'v' VALUE v)), JSON_ARRAYAGG(v > 2 NULL ON NULL) FROM t;
