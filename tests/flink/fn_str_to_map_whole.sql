CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_maps1.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  STR_TO_MAP(s),
  STR_TO_MAP(s, ',', '='),
  STR_TO_MAP(s, ';', ':')
FROM t;
