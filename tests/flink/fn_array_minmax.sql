CREATE TABLE t (id INT, a ARRAY<INT>, b ARRAY<INT>, x INT, i INT, j INT) WITH ('connector'='filesystem','path'='data/fn_ints.json','format'='json');
SELECT id,
  ARRAY_MAX(a),
  ARRAY_MIN(a),
  ARRAY_MAX(b)
FROM t;
