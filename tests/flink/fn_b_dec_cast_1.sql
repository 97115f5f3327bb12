CREATE TABLE t (id INT, a DECIMAL(10,2), b DECIMAL(38,18), c DECIMAL(38,0), e DECIMAL(5,5), g DECIMAL(4,1), n INT) WITH ('connector'='filesystem','path'='data/fn_b_dec.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  CAST(a AS STRING),
  CAST(b AS STRING),
  CAST(a AS INT),
  CAST(a AS BIGINT),
  CAST(a AS TINYINT),
  CAST(a AS SMALLINT),
  CAST(a AS DOUBLE),
  CAST(b AS FLOAT)
FROM t;
