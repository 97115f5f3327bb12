CREATE TABLE t (id INT, a DECIMAL(10,2), b DECIMAL(38,18), c DECIMAL(38,0), e DECIMAL(5,5), g DECIMAL(4,1), n INT) WITH ('connector'='filesystem','path'='data/fn_b_dec.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  TRUNCATE(b, 3),
  TRUNCATE(c, -2),
  TRUNCATE(e, 2),
  TRUNCATE(g),
  CEIL(a),
  CEIL(b),
  CEIL(e),
  CEIL(g)
FROM t;
