CREATE TABLE t (id INT, a DECIMAL(10,2), b DECIMAL(38,18), c DECIMAL(38,0), e DECIMAL(5,5), g DECIMAL(4,1), n INT) WITH ('connector'='filesystem','path'='data/fn_b_dec.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  SQRT(a),
  LN(a),
  LOG10(a),
  LOG2(a),
  EXP(g),
  POWER(a, 2),
  POWER(a, 0.5),
  LOG(a)
FROM t;
