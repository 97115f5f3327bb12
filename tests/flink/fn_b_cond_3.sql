CREATE TABLE t (id INT, x INT, y INT, lo INT, hi INT, s STRING, d DATE) WITH ('connector'='filesystem','path'='data/fn_b_in.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  IF(x > 2, 'big', s),
  IF(x IS NULL, 1, 2.5),
  IFNULL(x, -1),
  IFNULL(s, '?'),
  IFNULL(x, 1.5),
  GREATEST(x, y, lo, hi),
  LEAST(x, y),
  GREATEST(x, 2.5)
FROM t;
