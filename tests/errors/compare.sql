SELECT 1 FROM (VALUES (1)) AS t(a) WHERE a = 'x';
