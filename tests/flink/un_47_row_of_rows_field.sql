-- A field of a row by name behind ordinality.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT id, x.pos, x.name FROM t CROSS JOIN UNNEST(items) WITH ORDINALITY AS x(name, qty, pos) WHERE x.qty > 2 AND id <> 4;
