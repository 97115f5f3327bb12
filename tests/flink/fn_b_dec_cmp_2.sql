CREATE TABLE t (id INT, a DECIMAL(10,2), b DECIMAL(38,18), c DECIMAL(38,0), e DECIMAL(5,5), g DECIMAL(4,1), n INT) WITH ('connector'='filesystem','path'='data/fn_b_dec.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  a BETWEEN e AND g,
  a BETWEEN SYMMETRIC g AND e,
  a IS DISTINCT FROM g,
  a = 1.5e0,
  GREATEST(a, g),
  COALESCE(a, g, 1),
  NULLIF(a, g),
  IF(a > 0, a, g)
FROM t;
