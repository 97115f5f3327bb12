-- TRY_CAST of a collection or row is NULL as a whole where one value cannot be cast.
CREATE VIEW x AS SELECT * FROM (VALUES (1, ARRAY['a', '1']), (2, ARRAY['2', '3'])) AS t(id, a);
SELECT id, CAST(TRY_CAST(a AS ARRAY<INT>) AS STRING) AS i, TRY_CAST(a AS ARRAY<INT>) IS NULL AS n, CAST(TRY_CAST(ROW(a[1], id) AS ROW<a INT, b INT>) AS STRING) AS r FROM x;
