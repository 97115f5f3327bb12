SELECT a, b, COUNT(*) FROM (VALUES (1, 2)) AS t(a, b) GROUP BY a;
