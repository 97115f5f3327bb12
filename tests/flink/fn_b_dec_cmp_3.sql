CREATE TABLE t (id INT, a DECIMAL(10,2), b DECIMAL(38,18), c DECIMAL(38,0), e DECIMAL(5,5), g DECIMAL(4,1), n INT) WITH ('connector'='filesystem','path'='data/fn_b_dec.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  IFNULL(a, b),
  CASE WHEN a > 0 THEN a ELSE e END,
  TYPEOF(GREATEST(a, g)),
  TYPEOF(COALESCE(a, e)),
  TYPEOF(IF(a > 0, a, e))
FROM t;
