-- An aggregate over unnested rows.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT tag, COUNT(*) AS n, SUM(id) AS s FROM t CROSS JOIN UNNEST(tags) AS x(tag) GROUP BY tag;
