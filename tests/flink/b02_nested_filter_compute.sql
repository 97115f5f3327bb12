-- Filters and expressions on nested fields, arrays printed whole, constructed arrays, maps and rows.
CREATE TABLE nested (
  id INT, r ROW<a INT, b STRING, c ROW<d ARRAY<INT>, e STRING>>, arr ARRAY<STRING>, m MAP<STRING, STRING>, ar ARRAY<ROW<u INT, w STRING>>, mi MAP<STRING, INT>
) WITH ('connector'='filesystem', 'path'='data/nested.json', 'format'='json');

SELECT id, UPPER(t.r.b) AS ub, COALESCE(t.r.a, -1) * 2 AS a2, arr, t.r.c.d AS d, ARRAY[t.r.a, id] AS made, MAP['id', id]['id'] AS mid, CASE WHEN CARDINALITY(arr) > 1 THEN arr[CARDINALITY(arr)] ELSE 'short' END AS lastx, arr[id] AS dyn, 'q' = arr[2] AS eq, t.r.b IN ('x', '') AS isin
FROM nested AS t WHERE id IS NOT NULL AND (t.r.a IS NULL OR t.r.a > 0);
