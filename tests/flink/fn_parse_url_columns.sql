CREATE TABLE t (id INT, u STRING, p STRING, k STRING) WITH ('connector'='filesystem','path'='data/fn_url_parts.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  PARSE_URL(u, p),
  PARSE_URL(u, p, k)
FROM t;
