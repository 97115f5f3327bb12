CREATE TABLE t (id INT, t TINYINT, s SMALLINT, i INT, b BIGINT) WITH ('connector'='filesystem','path'='data/fn_b_int.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  TYPEOF(t + s),
  TYPEOF(t * t),
  TYPEOF(i + b),
  TYPEOF(i / 2),
  TYPEOF(i / 2.0),
  TYPEOF(t % 2),
  TYPEOF(- t),
  TYPEOF(ABS(s))
FROM t;
