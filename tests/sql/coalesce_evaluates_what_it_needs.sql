-- What would fail is not evaluated where it is not needed.
SELECT COALESCE(a, 1 / b), COALESCE(a, CAST(c AS INT)), IFNULL(a, CAST(c AS INT)), COALESCE(CAST(NULL AS INT), a, 1 / b) + 1
FROM (VALUES (1, 0, 'x'), (CAST(NULL AS INT), 1, '7'), (3, 0, CAST(NULL AS STRING))) AS t(a, b, c)
WHERE COALESCE(a, 10 / b) > 0;
