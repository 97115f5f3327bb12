-- A rank bounded by a list of numbers, and by a disjunction with other conditions.
CREATE VIEW l AS SELECT * FROM (VALUES (1, 'a', 3), (2, 'a', 2), (3, 'a', 1), (4, 'b', 5), (5, 'b', 6), (6, 'b', 7), (7, 'b', 4)) AS t(id, k, v);
SELECT 'list' AS of_what, id, rn FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v) rn FROM l) WHERE rn IN (1, 3)
UNION ALL SELECT 'or', id, rn FROM (SELECT id, k, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v) rn FROM l) WHERE (rn <= 2 AND k = 'a') OR rn = 3;
