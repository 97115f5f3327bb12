SELECT U&'\00e9\0041', 'a' || U&'\003B', U&'' || 'x', NULLIF(UNKNOWN, TRUE), N'abc', _UTF8'é', UNKNOWN OR TRUE;
