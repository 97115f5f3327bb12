CREATE TABLE t (id INT, s STRING, p STRING, g INT) WITH ('connector'='filesystem','path'='data/fn_regex.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  REGEXP_EXTRACT_ALL(s, p),
  REGEXP_EXTRACT_ALL('a1b2', '([a-z])(\d)', g)
FROM t;
