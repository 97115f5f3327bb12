CREATE TABLE t (id INT, x INT, y INT, lo INT, hi INT, s STRING, d DATE) WITH ('connector'='filesystem','path'='data/fn_b_in.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  x IN (1, 3, 9),
  x NOT IN (1, 3, 9),
  x IN (1, CAST(NULL AS INT)),
  x NOT IN (1, CAST(NULL AS INT)),
  x IN (y, lo, hi),
  x NOT IN (y, lo),
  x IN (3),
  x IN (1, 2.5, 3e0)
FROM t;
