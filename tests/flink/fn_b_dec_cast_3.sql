CREATE TABLE t (id INT, a DECIMAL(10,2), b DECIMAL(38,18), c DECIMAL(38,0), e DECIMAL(5,5), g DECIMAL(4,1), n INT) WITH ('connector'='filesystem','path'='data/fn_b_dec.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  CAST(e AS STRING),
  TRY_CAST(c AS INT),
  TRY_CAST(a AS DECIMAL(3,2)),
  CAST(a AS CHAR(12)),
  CAST(a AS VARCHAR(3)),
  CAST(g AS DECIMAL(4,0)),
  CAST(b AS DECIMAL(38,2)),
  CAST(b AS BIGINT)
FROM t;
