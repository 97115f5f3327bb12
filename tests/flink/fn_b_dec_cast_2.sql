CREATE TABLE t (id INT, a DECIMAL(10,2), b DECIMAL(38,18), c DECIMAL(38,0), e DECIMAL(5,5), g DECIMAL(4,1), n INT) WITH ('connector'='filesystem','path'='data/fn_b_dec.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  CAST(a AS DECIMAL(5,1)),
  CAST(a AS DECIMAL(12,4)),
  CAST(a AS DECIMAL(3,2)),
  CAST(b AS DECIMAL(10,0)),
  CAST(c AS BIGINT),
  CAST(c AS DOUBLE),
  CAST(c AS INT),
  CAST(a AS BOOLEAN)
FROM t;
