-- UNNEST of an ARRAY_AGG over changing groups.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT k, e FROM (SELECT k, ARRAY_AGG(id) AS ids FROM t GROUP BY k) CROSS JOIN UNNEST(ids) AS x(e);
