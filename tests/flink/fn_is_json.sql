CREATE TABLE t (id INT, js STRING) WITH ('connector'='filesystem','path'='data/fn_json.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  js IS JSON,
  js IS JSON VALUE,
  js IS JSON SCALAR,
  js IS JSON ARRAY,
  js IS JSON OBJECT
FROM t;
