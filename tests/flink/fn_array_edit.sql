CREATE TABLE t (id INT, a ARRAY<INT>, b ARRAY<INT>, x INT, i INT, j INT) WITH ('connector'='filesystem','path'='data/fn_ints.json','format'='json');
SELECT id,
  ARRAY_APPEND(a, x),
  ARRAY_PREPEND(a, x),
  ARRAY_REMOVE(a, x),
  ARRAY_CONTAINS(a, x),
  ARRAY_POSITION(a, x),
  ARRAY_REVERSE(a),
  ARRAY_DISTINCT(a),
  CARDINALITY(a)
FROM t;
