CREATE TABLE t (id INT, x INT, y INT, lo INT, hi INT, s STRING, d DATE) WITH ('connector'='filesystem','path'='data/fn_b_in.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  TYPEOF(1.0),
  TYPEOF(.5),
  TYPEOF(1e3),
  TYPEOF(1.5E-3),
  TYPEOF(TRUE),
  TYPEOF(DATE '2026-01-01'),
  TYPEOF(TIME '10:00:00.5'),
  TYPEOF(TIMESTAMP '2026-01-01 00:00:00.1234')
FROM t;
