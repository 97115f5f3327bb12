CREATE TABLE t (id INT, a BOOLEAN, b BOOLEAN) WITH ('connector'='filesystem','path'='data/fn_b_bool.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  CAST(a AS DOUBLE),
  CAST(a AS DECIMAL(3,1)),
  CAST(a AS BIGINT),
  CAST(a AS CHAR(5)),
  CAST(a AS VARCHAR(2)),
  CAST(a AS TINYINT),
  CAST(a AS FLOAT),
  a IS TRUE AND b IS NOT FALSE
FROM t;
