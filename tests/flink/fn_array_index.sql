CREATE TABLE t (id INT, a ARRAY<INT>, i INT) WITH ('connector'='filesystem','path'='data/fn_ints1.json','format'='json');
SELECT id,
  a[i],
  a[1],
  a[4],
  a[i + 1]
FROM t WHERE i IS NULL OR i < 2147483647;
