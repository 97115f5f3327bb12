-- UNNEST of a COLLECT: a multiset.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT k, e FROM (SELECT k, COLLECT(n) AS ns FROM t GROUP BY k) CROSS JOIN UNNEST(ns) AS x(e);
