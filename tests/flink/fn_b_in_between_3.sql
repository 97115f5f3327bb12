CREATE TABLE t (id INT, x INT, y INT, lo INT, hi INT, s STRING, d DATE) WITH ('connector'='filesystem','path'='data/fn_b_in.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  x NOT BETWEEN SYMMETRIC lo AND hi,
  x BETWEEN ASYMMETRIC hi AND lo,
  x NOT BETWEEN ASYMMETRIC lo AND hi,
  x BETWEEN 1 AND 1,
  x BETWEEN 2 AND 1,
  s BETWEEN 'a' AND 'b',
  d BETWEEN DATE '1970-01-01' AND DATE '2026-01-01',
  x + 1 > y
FROM t;
