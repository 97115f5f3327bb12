CREATE TABLE t (id INT, js STRING, p STRING) WITH ('connector'='filesystem','path'='data/fn_json_paths.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  p,
  JSON_VALUE(js, p DEFAULT 'E' ON EMPTY DEFAULT 'R' ON ERROR),
  JSON_QUERY(js, p EMPTY ARRAY ON EMPTY EMPTY OBJECT ON ERROR)
FROM t;
