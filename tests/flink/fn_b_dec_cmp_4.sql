CREATE TABLE t (id INT, a DECIMAL(10,2), b DECIMAL(38,18), c DECIMAL(38,0), e DECIMAL(5,5), g DECIMAL(4,1), n INT) WITH ('connector'='filesystem','path'='data/fn_b_dec.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  LEAST(a, b),
  GREATEST(a, n),
  LEAST(a, 1e0)
FROM t
WHERE id NOT IN (5);
