CREATE TABLE t (id INT, t TINYINT, s SMALLINT, i INT, b BIGINT) WITH ('connector'='filesystem','path'='data/fn_b_int.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  CAST(i AS CHAR(4)),
  CAST(b AS VARCHAR(5)),
  CAST(t AS DOUBLE),
  CAST(i AS STRING),
  CAST(b AS STRING),
  TRY_CAST(i AS TINYINT),
  TRY_CAST(b AS DECIMAL(5,0)),
  TRY_CAST(i AS CHAR(4))
FROM t;
