CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_maps.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  STR_TO_MAP(s)['a'],
  STR_TO_MAP(s)[''],
  STR_TO_MAP(s, ';', ':')['a'],
  CARDINALITY(STR_TO_MAP(s)),
  STR_TO_MAP(s, ',', '=')['b'],
  STR_TO_MAP(s, '[,;]', '[=:]')['b'],
  STR_TO_MAP(s, '.', 'b')['a']
FROM t;
