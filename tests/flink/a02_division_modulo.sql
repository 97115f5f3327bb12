-- Integer / and % truncate toward zero and keep the sign of the dividend; MIN/-1 wraps; DOUBLE division by a zero column gives Infinity or NaN.
CREATE TABLE nums (
  i INT, t TINYINT, s SMALLINT, n INT, b BIGINT, f FLOAT, d DOUBLE, p DECIMAL(10,2), w DECIMAL(27,9)
) WITH ('connector'='filesystem', 'path'='data/nums.csv', 'format'='csv', 'csv.null-literal'='NIL');

SELECT i, n / 2 AS h, n / -3 AS h3, b / 7 AS b7, n % 7 AS m7, n % -7 AS mm7, MOD(b, 10) AS mb, t / s AS ts, s % t AS st, d / 2 AS d2, 1.0E0 / d AS inv, d / (d - d) AS nan, n / 2.0E0 AS nd, n / CAST(4 AS DECIMAL(5,1)) AS ndec, p / 3 AS p3, p % 2 AS pm, n / -1 AS neg, 7 / d AS i7
FROM nums WHERE s <> 0 AND t <> 0 OR i > 7;
