-- UNNEST of what an UNNEST gave.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT id, e FROM t CROSS JOIN UNNEST(nested) AS x(inner_arr) CROSS JOIN UNNEST(inner_arr) AS y(e);
