CREATE TABLE t (id INT, a ARRAY<INT>, b ARRAY<INT>, x INT, i INT, j INT) WITH ('connector'='filesystem','path'='data/fn_ints.json','format'='json');
SELECT id,
  ARRAY_SORT(a),
  ARRAY_SORT(a, TRUE),
  ARRAY_SORT(a, FALSE),
  ARRAY_SORT(a, TRUE, TRUE),
  ARRAY_SORT(a, TRUE, FALSE),
  ARRAY_SORT(a, FALSE, TRUE),
  ARRAY_SORT(a, x > 1, i > 1),
  ARRAY_SORT(a, CAST(NULL AS BOOLEAN))
FROM t;
