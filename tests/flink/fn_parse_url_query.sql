CREATE TABLE t (id INT, u STRING) WITH ('connector'='filesystem','path'='data/fn_urls.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  PARSE_URL(u, 'QUERY', 'k1'),
  PARSE_URL(u, 'QUERY', 'a'),
  PARSE_URL(u, 'QUERY', 'c'),
  PARSE_URL(u, 'QUERY', 'q'),
  PARSE_URL(u, 'QUERY', 'a.b'),
  PARSE_URL(u, 'QUERY', 'x'),
  PARSE_URL(u, 'HOST', 'k1')
FROM t;
