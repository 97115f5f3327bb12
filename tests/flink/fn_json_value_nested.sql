CREATE TABLE t (id INT, js STRING) WITH ('connector'='filesystem','path'='data/fn_json.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  JSON_VALUE(js, '$.a.b' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, 'lax $.a.b' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$.a[0]' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, 'lax $.a[0]' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$.a[9]' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$.a[-1]' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$.a.b[2].c' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$["a"]["b"][1]' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR)
FROM t;
