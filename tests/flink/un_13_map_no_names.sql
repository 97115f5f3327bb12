-- A map without column names.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT id, x.* FROM t CROSS JOIN UNNEST(attrs) AS x WHERE id = 1;
