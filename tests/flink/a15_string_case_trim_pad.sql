-- UPPER LOWER INITCAP REVERSE TRIM family LPAD RPAD CHAR_LENGTH over nasty texts.
CREATE TABLE strs (
  id INT, s STRING, n INT
) WITH ('connector'='filesystem', 'path'='data/strs.json', 'format'='json');

SELECT id, UPPER(s), LOWER(s), INITCAP(s), REVERSE(s), CHAR_LENGTH(s), CONCAT('[', TRIM(s), ']'), CONCAT('[', LTRIM(s), '|', RTRIM(s), ']'), TRIM(LEADING 'a' FROM s), TRIM(TRAILING 'a' FROM s), TRIM(BOTH 'ab' FROM s), LPAD(s, 6, '*'), RPAD(s, 6, 'xy'), LPAD(s, 0, '*'), LPAD(s, -1, '*'), LPAD(s, 5, ''), REPEAT(s, n)
FROM strs;
