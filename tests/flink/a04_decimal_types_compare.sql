-- TYPEOF of decimal expressions, and comparisons across DECIMAL scales, integers, doubles.
CREATE TABLE nums (
  i INT, t TINYINT, s SMALLINT, n INT, b BIGINT, f FLOAT, d DOUBLE, p DECIMAL(10,2), w DECIMAL(27,9)
) WITH ('connector'='filesystem', 'path'='data/nums.csv', 'format'='csv', 'csv.null-literal'='NIL');

SELECT i, p > w AS a, p = n AS b, p <= 0.01 AS c, w <> p AS e, p = 7.770 AS f, w = 2.5E0 AS g, p IN (0.01, 3, 7.77) AS h, p BETWEEN -0.05 AND 0.05 AS j, w >= b AS k,
  TYPEOF(p + w), TYPEOF(p - n), TYPEOF(p * w), TYPEOF(p / NULLIF(w, 0)), TYPEOF(p % NULLIF(w, 0)), TYPEOF(p * b), TYPEOF(p + d), TYPEOF(-p), TYPEOF(p / 3), TYPEOF(w * w), TYPEOF(p * 1.05), TYPEOF(ABS(p)), TYPEOF(ROUND(w, 2)), TYPEOF(FLOOR(p)), TYPEOF(CASE WHEN i > 1 THEN p ELSE w END), TYPEOF(COALESCE(p, n))
FROM nums;
