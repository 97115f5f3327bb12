-- AND OR NOT, IS TRUE/FALSE/UNKNOWN, comparisons with NULL, CASE without ELSE, COALESCE NULLIF IF IFNULL over all pairs of TRUE FALSE NULL.
CREATE TABLE logic (
  a BOOLEAN, b BOOLEAN, x INT, y INT
) WITH ('connector'='filesystem', 'path'='data/logic.json', 'format'='json');

SELECT a, b, a AND b, a OR b, NOT a, a IS TRUE, a IS NOT TRUE, a IS FALSE, a IS NOT FALSE, a IS UNKNOWN, a IS NOT UNKNOWN, a = b, a <> b, a > b, a IS DISTINCT FROM b, a IS NOT DISTINCT FROM b, x IS NULL, x IS NOT NULL,
  CASE WHEN a THEN 'a' WHEN b THEN 'b' END, CASE x WHEN 1 THEN 'one' WHEN y THEN 'y' ELSE 'none' END, COALESCE(a, b), NULLIF(x, y), IF(a, x, y), IFNULL(x, -9), x + y, COALESCE(x, y, 0), NOT (a AND b) = (NOT a OR NOT b)
FROM logic;
