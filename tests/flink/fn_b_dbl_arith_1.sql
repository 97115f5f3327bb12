CREATE TABLE t (id INT, d DOUBLE, f FLOAT, n INT) WITH ('connector'='filesystem','path'='data/fn_b_dbl.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  d + 1,
  d * 0,
  d / 0,
  d - d,
  d / d,
  1 / d,
  d * 1e300,
  d + f
FROM t;
