SELECT * FROM (VALUES (PARSE_JSON('1'), 'a')) AS t(v, s) WHERE v = s;
