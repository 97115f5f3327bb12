CREATE TABLE t (id INT, m MAP<STRING, INT>, n MAP<STRING, INT>, k STRING) WITH ('connector'='filesystem','path'='data/fn_mapc.json','format'='json');
SELECT id,
  MAP_KEYS(m)[1],
  MAP_VALUES(m)[1],
  MAP_ENTRIES(m)[1].`value`,
  MAP_ENTRIES(m)[1].`key`,
  CARDINALITY(MAP_UNION(m, n)),
  m[CAST(k AS VARCHAR(3))],
  MAP_UNION(m)
FROM t;
