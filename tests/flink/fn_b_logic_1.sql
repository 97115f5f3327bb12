CREATE TABLE t (id INT, a BOOLEAN, b BOOLEAN) WITH ('connector'='filesystem','path'='data/fn_b_bool.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  a AND b,
  a OR b,
  NOT a,
  a AND NOT b,
  NOT (a OR b),
  a IS TRUE,
  a IS NOT TRUE,
  a IS FALSE
FROM t;
