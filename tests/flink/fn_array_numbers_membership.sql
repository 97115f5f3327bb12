CREATE TABLE t (id INT, a ARRAY<DOUBLE>, n ARRAY<ARRAY<INT>>, r ARRAY<ROW<k STRING, v INT>>, t ARRAY<TIMESTAMP(3)>, dc ARRAY<DECIMAL(10,2)>) WITH ('connector'='filesystem','path'='data/fn_marr.json','format'='json');
SELECT id,
  ARRAY_CONTAINS(a, CAST(0 AS DOUBLE)),
  ARRAY_POSITION(a, CAST(0 AS DOUBLE)),
  ARRAY_CONTAINS(dc, 1.1),
  ARRAY_REMOVE(a, 1.5e0),
  ARRAY_MIN(a),
  ARRAY_MIN(dc)
FROM t;
