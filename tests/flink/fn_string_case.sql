CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_text.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  UPPER(s),
  LOWER(s),
  INITCAP(s)
FROM t;
