SELECT 1 / x FROM (VALUES (0)) AS a(x);
