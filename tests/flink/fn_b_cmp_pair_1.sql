CREATE TABLE t (id INT, i1 INT, i2 INT, l1 BIGINT, l2 BIGINT, d1 DOUBLE, d2 DOUBLE, n1 DECIMAL(10,2), n2 DECIMAL(12,5)) WITH ('connector'='filesystem','path'='data/fn_b_pair.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  i1 = i2,
  i1 <> i2,
  d1 < d2,
  d1 >= d2,
  n1 > n2,
  n1 = n2,
  i1 <= l2,
  i1 = d1
FROM t;
