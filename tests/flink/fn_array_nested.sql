CREATE TABLE t (id INT, a ARRAY<DOUBLE>, n ARRAY<ARRAY<INT>>, r ARRAY<ROW<k STRING, v INT>>, t ARRAY<TIMESTAMP(3)>, dc ARRAY<DECIMAL(10,2)>) WITH ('connector'='filesystem','path'='data/fn_marr.json','format'='json');
SELECT id,
  ARRAY_CONTAINS(n, ARRAY[1]),
  ARRAY_POSITION(n, ARRAY[2]),
  ARRAY_CONTAINS(r, CAST(ROW('a', 1) AS ROW<k STRING, v INT>)),
  n[1][1],
  r[1].k,
  ARRAY_CONCAT(n, n),
  ARRAY_REMOVE(n, ARRAY[1]),
  CARDINALITY(n)
FROM t;
