CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_json_inline.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  JSON_OBJECT('k' VALUE JSON(s)),
  JSON_ARRAY(JSON(s)),
  JSON_ARRAY(JSON(s) NULL ON NULL),
  JSON_OBJECT('k' VALUE JSON(s) ABSENT ON NULL),
  JSON_OBJECT('k' VALUE s)
FROM t;
