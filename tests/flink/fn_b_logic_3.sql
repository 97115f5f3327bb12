CREATE TABLE t (id INT, a BOOLEAN, b BOOLEAN) WITH ('connector'='filesystem','path'='data/fn_b_bool.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  a < b,
  a >= b,
  a IS DISTINCT FROM b,
  a IS NOT DISTINCT FROM b,
  a AND TRUE,
  a OR FALSE,
  a AND FALSE,
  a OR TRUE
FROM t;
