CREATE TABLE t (id INT, t TINYINT, s SMALLINT, i INT, b BIGINT) WITH ('connector'='filesystem','path'='data/fn_b_int.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  t + s,
  t * t,
  t + CAST(1 AS TINYINT),
  i + i,
  i - b,
  b + 1,
  b * b,
  i * 2
FROM t;
