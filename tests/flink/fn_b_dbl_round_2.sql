CREATE TABLE t (id INT, d DOUBLE, f FLOAT, n INT) WITH ('connector'='filesystem','path'='data/fn_b_dbl.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  - d,
  - f
FROM t;
