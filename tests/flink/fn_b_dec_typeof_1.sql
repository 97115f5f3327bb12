CREATE TABLE t (id INT, a DECIMAL(10,2), b DECIMAL(38,18), c DECIMAL(38,0), e DECIMAL(5,5), g DECIMAL(4,1), n INT) WITH ('connector'='filesystem','path'='data/fn_b_dec.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  TYPEOF(a + b),
  TYPEOF(a - b),
  TYPEOF(a * b),
  TYPEOF(c + c),
  TYPEOF(c * c),
  TYPEOF(e * e),
  TYPEOF(a / 3),
  TYPEOF(b / 3)
FROM t;
