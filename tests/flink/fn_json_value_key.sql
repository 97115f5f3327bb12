CREATE TABLE t (id INT, js STRING) WITH ('connector'='filesystem','path'='data/fn_json.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  JSON_VALUE(js, '$.a'),
  JSON_VALUE(js, 'lax $.a'),
  JSON_VALUE(js, 'strict $.a'),
  JSON_VALUE(js, '$.a' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, 'lax $.a' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, 'Strict $.a' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$.a' RETURNING STRING),
  JSON_VALUE(js, '$.a' RETURNING VARCHAR(2))
FROM t;
