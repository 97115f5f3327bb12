CREATE TABLE t (id INT, js STRING) WITH ('connector'='filesystem','path'='data/fn_json.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  JSON_QUERY(js, '$'),
  JSON_QUERY(js, '$.a'),
  JSON_QUERY(js, 'lax $.a'),
  JSON_QUERY(js, 'strict $.a'),
  JSON_QUERY(js, '$.a'  EMPTY ARRAY ON EMPTY EMPTY OBJECT ON ERROR),
  JSON_QUERY(js, 'lax $.a'  EMPTY ARRAY ON EMPTY EMPTY OBJECT ON ERROR),
  JSON_QUERY(js, 'lax $.a' WITHOUT ARRAY WRAPPER EMPTY ARRAY ON EMPTY EMPTY OBJECT ON ERROR),
  JSON_QUERY(js, '$.a' RETURNING VARCHAR(5))
FROM t;
