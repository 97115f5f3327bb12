CREATE TABLE t (id INT, js STRING) WITH ('connector'='filesystem','path'='data/fn_json.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  JSON_VALUE(js, '$.a[*]' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, 'lax $.a[*].b' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$..b' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, 'lax $..b' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$.a[0,1]' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$.a[0:1]' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$.*' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$[*].a' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR)
FROM t;
