-- Rows of VALUES need no parentheses.
SELECT * FROM (VALUES 1, 2 + 3) AS t(x) UNION ALL SELECT * FROM (VALUES (4), (5)) AS u(x) UNION ALL VALUES 6, 7;
