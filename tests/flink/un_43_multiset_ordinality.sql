-- A multiset with ordinality.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT k, e, p FROM (SELECT k, COLLECT(DISTINCT tag) AS ns FROM t CROSS JOIN UNNEST(tags) AS y(tag) WHERE tag = 'x' GROUP BY k) CROSS JOIN UNNEST(ns) WITH ORDINALITY AS x(e, p);
