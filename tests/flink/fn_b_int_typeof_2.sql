CREATE TABLE t (id INT, t TINYINT, s SMALLINT, i INT, b BIGINT) WITH ('connector'='filesystem','path'='data/fn_b_int.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  TYPEOF(i * 1.5),
  TYPEOF(i + 0.5e0),
  TYPEOF(ROUND(i, -1)),
  TYPEOF(CEIL(t)),
  TYPEOF(POWER(i, 2)),
  TYPEOF(b * 1.5),
  TYPEOF(t + 1),
  TYPEOF(IF(TRUE, t, b))
FROM t;
