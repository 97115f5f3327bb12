CREATE TABLE t (id INT, a DECIMAL(10,2), b DECIMAL(38,18), c DECIMAL(38,0), e DECIMAL(5,5), g DECIMAL(4,1), n INT) WITH ('connector'='filesystem','path'='data/fn_b_dec.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  a = b,
  a < b,
  a = g,
  e < g,
  a = 1.5,
  b = 2.5,
  a > 0,
  a IN (1.5, 9.99, 0)
FROM t;
