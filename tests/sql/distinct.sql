-- SELECT DISTINCT, with NULL as a value.
SELECT DISTINCT k, n IS NULL AS missing FROM (VALUES ('a', 1), ('a', 2), ('b', CAST(NULL AS INT)), ('b', CAST(NULL AS INT))) AS t(k, n);
