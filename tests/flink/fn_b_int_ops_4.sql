CREATE TABLE t (id INT, t TINYINT, s SMALLINT, i INT, b BIGINT) WITH ('connector'='filesystem','path'='data/fn_b_int.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  i / 2,
  b / -1,
  t / CAST(-1 AS TINYINT),
  i / -1,
  i / 2.0,
  i * 1.5,
  i + 0.5e0
FROM t;
