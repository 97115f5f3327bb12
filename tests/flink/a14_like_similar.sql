-- LIKE with ESCAPE, wildcards over multi-byte characters, SIMILAR TO.
CREATE TABLE strs (
  id INT, s STRING, n INT
) WITH ('connector'='filesystem', 'path'='data/strs.json', 'format'='json');

SELECT id, s, s LIKE 'a%' AS l1, s LIKE '%a' AS l2, s LIKE 'a_b' AS l3, s LIKE '%\%' ESCAPE '\' AS l4, s LIKE '%#_%' ESCAPE '#' AS l5, s LIKE '_' AS l6, s LIKE '' AS l7, s NOT LIKE '%b%' AS l8, s LIKE '%語%' AS l9, s LIKE '__x__' AS l10,
  s SIMILAR TO '(a|b)+' AS s1, s SIMILAR TO '[0-9]+%' AS s2, s SIMILAR TO '%(abc|xyz)%' AS s3, s NOT SIMILAR TO '[a-z]*' AS s4, s SIMILAR TO '_*' AS s5
FROM strs;
