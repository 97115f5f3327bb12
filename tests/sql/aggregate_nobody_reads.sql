-- An aggregate over no rows has no row, whether its value is read or not.
SELECT 'A' AS a FROM (SELECT MAX(x) AS m FROM (VALUES (1)) AS t(x) WHERE x > 5) AS r;
SELECT 'B' AS b, v.y FROM (VALUES (1), (2)) AS v(y) JOIN (SELECT MAX(x) AS m FROM (VALUES (1)) AS t(x) WHERE x > 5) AS r ON TRUE;
SELECT 'C' AS c FROM (SELECT MAX(x) AS m FROM (VALUES (1), (2)) AS t(x)) AS r;
SELECT 'D' AS d WHERE EXISTS (SELECT COUNT(x) FROM (VALUES (1)) AS t(x) WHERE x > 5);
