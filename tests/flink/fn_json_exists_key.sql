CREATE TABLE t (id INT, js STRING) WITH ('connector'='filesystem','path'='data/fn_json.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  JSON_EXISTS(js, '$.a'),
  JSON_EXISTS(js, 'lax $.a'),
  JSON_EXISTS(js, 'strict $.a'),
  JSON_EXISTS(js, 'strict $.a.b'),
  JSON_EXISTS(js, 'lax $.a.b'),
  JSON_EXISTS(js, '$.a.b'),
  JSON_EXISTS(js, '$')
FROM t;
