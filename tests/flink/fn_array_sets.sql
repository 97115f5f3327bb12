CREATE TABLE t (id INT, a ARRAY<INT>, b ARRAY<INT>, x INT, i INT, j INT) WITH ('connector'='filesystem','path'='data/fn_ints.json','format'='json');
SELECT id,
  ARRAY_UNION(a, b),
  ARRAY_CONCAT(a, b),
  ARRAY_EXCEPT(a, b),
  ARRAY_INTERSECT(a, b),
  ARRAY_EXCEPT(b, a),
  ARRAY_CONCAT(a),
  ARRAY_CONCAT(a, b, a)
FROM t;
