-- Fields of rows in columns of relations around a subquery or before a table function; NULL rows are no elements; a star of a row in a row.
CREATE TABLE j (n INT, c ROW<y ARRAY<ROW<p STRING, q DOUBLE>>, w ROW<v INT, u STRING>>) WITH ('connector'='filesystem', 'path'='data/rows_nulls.json', 'format'='json');

SELECT 'unnest' AS what, n, p AS a, CAST(q AS STRING) AS b FROM j CROSS JOIN UNNEST(j.c.y) AS u(p, q)
UNION ALL SELECT 'outer', n, p, CAST(q AS STRING) FROM j LEFT JOIN UNNEST(j.c.y) AS u(p, q) ON TRUE
UNION ALL SELECT 'exists', n, CAST(NULL AS STRING), CAST(NULL AS STRING) FROM j WHERE EXISTS (SELECT 1 FROM j AS o WHERE o.n = j.c.w.v)
UNION ALL SELECT 'star', n, u, CAST(v AS STRING) FROM (SELECT n, c.w.* FROM j);
