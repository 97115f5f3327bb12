-- REGEXP, REGEXP_EXTRACT with groups, REGEXP_REPLACE: Java regex with lookaround, backreference, unicode classes; no match gives NULL.
CREATE TABLE strs (
  id INT, s STRING, n INT
) WITH ('connector'='filesystem', 'path'='data/strs.json', 'format'='json');

SELECT id, s, REGEXP(s, '^[a-z]+$') AS r, REGEXP_EXTRACT(s, '([a-z]+)[-_ ]([a-z]+)', 2) AS x2, REGEXP_EXTRACT(s, '(\d+)([a-z]*)', 0) AS x0, REGEXP_EXTRACT(s, '(\d+)', 1) AS x1, REGEXP_EXTRACT(s, 'zzz') AS xn, REGEXP_EXTRACT(s, '(\w)\1', 1) AS dup, REGEXP_REPLACE(s, '[aeiou]', '*') AS v, REGEXP_REPLACE(s, '\s+', '') AS nosp, REGEXP_REPLACE(s, '(?<=a)b', 'X') AS lb, REGEXP_REPLACE(s, '\p{L}+', 'L') AS lt, REGEXP_REPLACE(s, '', '.') AS em
FROM strs WHERE id <> 11;
