CREATE TABLE t (id INT, t TINYINT, s SMALLINT, i INT, b BIGINT) WITH ('connector'='filesystem','path'='data/fn_b_int.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  ABS(b),
  SIGN(i),
  SIGN(b),
  CEIL(i),
  FLOOR(b),
  i % 7,
  b % CAST(-3 AS BIGINT),
  MOD(t, 5)
FROM t;
