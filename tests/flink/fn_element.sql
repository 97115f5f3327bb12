CREATE TABLE t (id INT, a ARRAY<INT>, s ARRAY<STRING>) WITH ('connector'='filesystem','path'='data/fn_ones.json','format'='json');
SELECT id,
  ELEMENT(a),
  ELEMENT(s),
  CARDINALITY(a)
FROM t;
