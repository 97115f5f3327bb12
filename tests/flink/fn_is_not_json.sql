CREATE TABLE t (id INT, js STRING) WITH ('connector'='filesystem','path'='data/fn_json.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  js IS NOT JSON,
  js IS NOT JSON VALUE,
  js IS NOT JSON SCALAR,
  js IS NOT JSON ARRAY,
  js IS NOT JSON OBJECT
FROM t;
