-- An array of rows with ordinality.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT id, name, qty, pos FROM t LEFT JOIN UNNEST(items) WITH ORDINALITY AS x(name, qty, pos) ON TRUE WHERE id <> 4;
