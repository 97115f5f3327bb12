-- Of FLOAT and DOUBLE the first one counts in CASE, arrays and UNION; NaN is equal to itself in its own column.
CREATE TABLE t0 (s STRING, b BOOLEAN) WITH ('connector'='filesystem', 'path'='data/two_widths.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TEMPORARY VIEW t AS SELECT CAST(s AS DOUBLE) AS f, CAST(s AS FLOAT) AS g, s, b FROM t0;

SELECT s, f = f, f <> f, f >= f, f < f, NOT (f >= 1), CASE WHEN b THEN g ELSE f END, CASE WHEN b THEN f ELSE g END, IF(b, g, f),
  COALESCE(g, f), NULLIF(g, f), ARRAY[g, f], ARRAY[f, g]
FROM t;
