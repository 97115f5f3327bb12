CREATE TABLE t (id INT, js STRING) WITH ('connector'='filesystem','path'='data/fn_json_bools.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  JSON_VALUE(js, '$.a' RETURNING BOOLEAN),
  JSON_VALUE(js, 'lax $.a' RETURNING BOOLEAN DEFAULT TRUE ON EMPTY DEFAULT FALSE ON ERROR),
  NOT JSON_VALUE(js, '$.a' RETURNING BOOLEAN)
FROM t;
