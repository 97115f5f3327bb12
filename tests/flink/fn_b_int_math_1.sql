CREATE TABLE t (id INT, t TINYINT, s SMALLINT, i INT, b BIGINT) WITH ('connector'='filesystem','path'='data/fn_b_int.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  SQRT(i),
  LN(i),
  LOG10(b),
  LOG2(i),
  EXP(t),
  POWER(t, 2),
  POWER(i, t),
  POWER(b, 0.5)
FROM t;
