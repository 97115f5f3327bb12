-- ABS SIGN FLOOR CEIL ROUND TRUNCATE MOD over all numeric types.
CREATE TABLE nums (
  i INT, t TINYINT, s SMALLINT, n INT, b BIGINT, f FLOAT, d DOUBLE, p DECIMAL(10,2), w DECIMAL(27,9)
) WITH ('connector'='filesystem', 'path'='data/nums.csv', 'format'='csv', 'csv.null-literal'='NIL');

SELECT i, ABS(t), ABS(n), ABS(b), ABS(d), ABS(p), SIGN(n), SIGN(d), SIGN(p), FLOOR(d), CEIL(d), FLOOR(p), CEIL(p), FLOOR(n), FLOOR(w), CEILING(w), ROUND(d, 1), ROUND(p, 1), ROUND(p, -1), ROUND(n, -2), ROUND(w, 2), ROUND(w), ROUND(f), TRUNCATE(p, 1), TRUNCATE(d, 1), TRUNCATE(w), TRUNCATE(n, -1), MOD(n, 5), MOD(p, 3)
FROM nums WHERE i NOT IN (0, 1);
