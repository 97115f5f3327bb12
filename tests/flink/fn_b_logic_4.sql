CREATE TABLE t (id INT, a BOOLEAN, b BOOLEAN) WITH ('connector'='filesystem','path'='data/fn_b_bool.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  a AND CAST(NULL AS BOOLEAN),
  a = TRUE,
  a <> FALSE,
  a IN (b, TRUE),
  a NOT IN (b),
  a BETWEEN b AND TRUE,
  GREATEST(a, b),
  LEAST(a, b)
FROM t;
