CREATE TABLE t (id INT, js STRING) WITH ('connector'='filesystem','path'='data/fn_json.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  JSON_EXISTS(js, '$.a' UNKNOWN ON ERROR),
  JSON_EXISTS(js, 'lax $.a' UNKNOWN ON ERROR),
  JSON_EXISTS(js, 'lax $.a' TRUE ON ERROR),
  JSON_EXISTS(js, 'strict $.a' TRUE ON ERROR),
  JSON_EXISTS(js, 'strict $.a' FALSE ON ERROR),
  JSON_EXISTS(js, 'lax $' UNKNOWN ON ERROR),
  JSON_EXISTS(js, '$' UNKNOWN ON ERROR)
FROM t;
