CREATE TABLE t (id INT, js STRING) WITH ('connector'='filesystem','path'='data/fn_json_ints.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  JSON_VALUE(js, '$.a' RETURNING INTEGER),
  JSON_VALUE(js, '$.a' RETURNING INT) + 1,
  JSON_VALUE(js, 'lax $.a' RETURNING INTEGER DEFAULT 7 ON EMPTY DEFAULT 8 ON ERROR),
  JSON_VALUE(js, 'strict $.a' RETURNING INTEGER DEFAULT 7 ON EMPTY DEFAULT 8 ON ERROR),
  JSON_VALUE(js, '$.a' RETURNING STRING)
FROM t;
