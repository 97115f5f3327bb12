CREATE TABLE t (id INT, i1 INT, i2 INT, l1 BIGINT, l2 BIGINT, d1 DOUBLE, d2 DOUBLE, n1 DECIMAL(10,2), n2 DECIMAL(12,5)) WITH ('connector'='filesystem','path'='data/fn_b_pair.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  i1 NOT BETWEEN SYMMETRIC i2 AND 6,
  i1 BETWEEN ASYMMETRIC l2 AND d2,
  n1 BETWEEN SYMMETRIC n2 AND i2,
  i1 IN (7, 1, 5),
  i1 NOT IN (7, CAST(NULL AS INT)),
  i1 IN (i2, l2, 10),
  n1 IN (7, 5.55, 1.000),
  d1 NOT IN (1, 2.5e0, d2)
FROM t;
