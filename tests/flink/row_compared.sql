CREATE TEMPORARY VIEW e AS SELECT id, CAST(ROW(id, s) AS ROW<a INT, b STRING>) AS r, ARRAY[id, 2] AS xs FROM (VALUES (1, 'x'), (2, 'y')) AS v(id, s);
SELECT id, r = ROW(1, 'x'), r <> ROW(1, 'x'), ROW(2, 'y') = r, r.a FROM e WHERE r = ROW(1, 'x') OR id = 2;
