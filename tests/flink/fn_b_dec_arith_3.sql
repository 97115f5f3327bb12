CREATE TABLE t (id INT, a DECIMAL(10,2), b DECIMAL(38,18), c DECIMAL(38,0), e DECIMAL(5,5), g DECIMAL(4,1), n INT) WITH ('connector'='filesystem','path'='data/fn_b_dec.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  a % 0.3,
  a * 1e0,
  a + 1,
  c * 10,
  b / 3,
  ABS(a),
  ABS(c),
  SIGN(a)
FROM t;
