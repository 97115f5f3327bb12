CREATE TABLE t (id INT, d DOUBLE, f FLOAT, n INT) WITH ('connector'='filesystem','path'='data/fn_b_dbl.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  CAST(f AS INT),
  CAST(f AS BIGINT),
  CAST(d AS BOOLEAN),
  CAST(d AS CHAR(5)),
  CAST(d AS VARCHAR(4)),
  TRY_CAST(d AS INT),
  CAST(CAST(d AS STRING) AS DOUBLE),
  CAST(CAST(f AS STRING) AS FLOAT)
FROM t;
