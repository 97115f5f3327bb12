CREATE TABLE t (id INT, a ARRAY<STRING>, b ARRAY<STRING>, x STRING, d STRING) WITH ('connector'='filesystem','path'='data/fn_sarr.json','format'='json');
SELECT id,
  ARRAY_APPEND(a, x),
  ARRAY_CONTAINS(a, x),
  ARRAY_POSITION(a, x),
  ARRAY_REMOVE(a, x),
  ARRAY_DISTINCT(a),
  ARRAY_UNION(a, b),
  ARRAY_EXCEPT(a, b),
  ARRAY_INTERSECT(a, b)
FROM t;
