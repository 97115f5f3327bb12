-- The same, left at both levels.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT id, p, e FROM t LEFT JOIN UNNEST(nested) WITH ORDINALITY AS x(inner_arr, p) ON TRUE LEFT JOIN UNNEST(inner_arr) AS y(e) ON TRUE;
