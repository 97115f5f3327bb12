CREATE TABLE t (id INT, js STRING) WITH ('connector'='filesystem','path'='data/fn_json.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  JSON_VALUE(js, '$["a b"]' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$[''a.b'']' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$.ä' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$[""]' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$[0]' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, 'lax $[0].a' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$.a.length()' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_VALUE(js, '$.A' DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR)
FROM t;
