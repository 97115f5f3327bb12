-- Aggregates above an UNNEST of an aggregate.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT e, COUNT(*) AS c FROM (SELECT k, ARRAY_AGG(n) AS ns FROM t GROUP BY k) CROSS JOIN UNNEST(ns) AS x(e) GROUP BY e;
