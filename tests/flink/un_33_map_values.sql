-- UNNEST of MAP_KEYS.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT id, mk FROM t CROSS JOIN UNNEST(MAP_KEYS(attrs)) AS x(mk);
