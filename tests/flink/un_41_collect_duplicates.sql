-- A multiset gives a value as often as it holds it.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT k, e FROM (SELECT k, COLLECT(tag) AS ns FROM t CROSS JOIN UNNEST(tags) AS y(tag) GROUP BY k) CROSS JOIN UNNEST(ns) AS x(e);
