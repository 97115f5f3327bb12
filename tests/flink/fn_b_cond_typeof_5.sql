CREATE TABLE t (id INT, x INT, y INT, lo INT, hi INT, s STRING, d DATE) WITH ('connector'='filesystem','path'='data/fn_b_in.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  TYPEOF(x > 1),
  TYPEOF(CHAR_LENGTH(s)),
  TYPEOF(UPPER(s)),
  TYPEOF(CAST(s AS CHAR(3))),
  TYPEOF(CAST(s AS VARCHAR(3))),
  TYPEOF(CAST(x AS DECIMAL)),
  TYPEOF(CAST(s AS BYTES)),
  TYPEOF(CAST(s AS BINARY(3)))
FROM t;
