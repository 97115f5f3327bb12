CREATE TABLE t (id INT, a BOOLEAN, b BOOLEAN) WITH ('connector'='filesystem','path'='data/fn_b_bool.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  a IS NOT FALSE,
  a IS UNKNOWN,
  a IS NOT UNKNOWN,
  a IS NULL,
  (a AND b) IS UNKNOWN,
  (a OR b) IS NOT TRUE,
  a = b,
  a <> b
FROM t;
