-- Integer + - * and unary minus on TINYINT SMALLINT INT BIGINT at the limits: everything wraps, results keep the wider operand type.
CREATE TABLE nums (
  i INT, t TINYINT, s SMALLINT, n INT, b BIGINT, f FLOAT, d DOUBLE, p DECIMAL(10,2), w DECIMAL(27,9)
) WITH ('connector'='filesystem', 'path'='data/nums.csv', 'format'='csv', 'csv.null-literal'='NIL');

SELECT i, t + t AS t2, t * t AS tt, -t AS mt, s + s AS s2, s * s AS ss, s - 1 AS s1, n + 1 AS n1, n - 1 AS nm1, n * n AS nn, -n AS mn, b + 1 AS b1, b - 1 AS bm1, b * b AS bb, -b AS mb,
  t + s AS ts, s + n AS sn, n + b AS nb, n * CAST(n AS BIGINT) AS wide, 2 * t - s + n AS mixed, +n AS pn
FROM nums;
