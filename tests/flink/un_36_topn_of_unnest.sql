-- Top-N over unnested rows.
-- run: key=1
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT id, name, qty FROM (SELECT id, name, qty, ROW_NUMBER() OVER (PARTITION BY name ORDER BY qty DESC, id) AS rn FROM t CROSS JOIN UNNEST(items) AS x(name, qty)) WHERE rn <= 1;
