CREATE TABLE t (id INT, k ARRAY<STRING>, v ARRAY<INT>) WITH ('connector'='filesystem','path'='data/fn_mfa.json','format'='json');
SELECT id,
  MAP_FROM_ARRAYS(k, v),
  CARDINALITY(MAP_FROM_ARRAYS(k, v)),
  MAP_KEYS(MAP_FROM_ARRAYS(k, v)),
  MAP_VALUES(MAP_FROM_ARRAYS(k, v))
FROM t;
