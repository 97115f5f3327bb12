SELECT * FROM (VALUES (1)) AS a(x) JOIN (VALUES (1)) AS b(y) ON x = y;
