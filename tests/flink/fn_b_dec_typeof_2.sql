CREATE TABLE t (id INT, a DECIMAL(10,2), b DECIMAL(38,18), c DECIMAL(38,0), e DECIMAL(5,5), g DECIMAL(4,1), n INT) WITH ('connector'='filesystem','path'='data/fn_b_dec.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  TYPEOF(c / 7),
  TYPEOF(g * e),
  TYPEOF(a + 1),
  TYPEOF(a + CAST(1 AS BIGINT)),
  TYPEOF(a * 1e0),
  TYPEOF(ABS(a)),
  TYPEOF(SIGN(a)),
  TYPEOF(ROUND(a))
FROM t;
