-- Counts over a left UNNEST.
CREATE TABLE t (
  id INT, k STRING, tags ARRAY<STRING>, items ARRAY<ROW<name STRING, qty INT>>, attrs MAP<STRING, INT>, nested ARRAY<ARRAY<INT>>, n INT
) WITH ('connector'='filesystem', 'path'='data/jn_arr.json', 'format'='json');

SELECT k, COUNT(*) AS n, COUNT(tag) AS m FROM t LEFT JOIN UNNEST(tags) AS x(tag) ON TRUE GROUP BY k;
