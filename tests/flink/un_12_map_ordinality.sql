-- A map of one entry with ordinality.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT id, mk, mv, pos FROM t CROSS JOIN UNNEST(attrs) WITH ORDINALITY AS x(mk, mv, pos) WHERE id > 4;
