-- What stands behind AND and OR is evaluated where it counts: what would fail elsewhere does not. Filters of subqueries come first.
CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem', 'path'='data/guards.csv', 'format'='csv', 'csv.null-literal'='NIL');
CREATE VIEW v AS SELECT id, s, id - 2 AS b FROM t;
SELECT 'and' AS of_what, id, s FROM v WHERE b <> 0 AND 10 / b > 1
UNION ALL SELECT 'or', id, s FROM v WHERE b = 0 OR 10 / b > 1
UNION ALL SELECT 'subquery', id, CAST(CAST(s AS INT) + 1 AS STRING) FROM (SELECT * FROM v WHERE s <> 'x' AND s <> 'y') WHERE CAST(s AS INT) > 3
UNION ALL SELECT 'value', id, CAST(NOT (b <> 0 AND 10 / b > 1) AS STRING) FROM v
UNION ALL SELECT 'case', id, CASE WHEN b <> 0 AND 10 / b > 1 THEN 'a' WHEN b = 0 OR 10 / b < 0 THEN 'b' ELSE 'c' END FROM v
UNION ALL SELECT 'both', id, s FROM v WHERE (s IS NULL OR CHAR_LENGTH(s) > 1) AND (b = 0 OR 10 / b > 1);
