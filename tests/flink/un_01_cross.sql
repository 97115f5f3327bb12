-- CROSS JOIN UNNEST of an array; NULL and empty arrays give no row.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT id, tag FROM t CROSS JOIN UNNEST(tags) AS x(tag);
