-- Rows that are written as such are compared value by value, with NULL as unknown, wherever they stand.
CREATE TABLE t (n INT, i INT, s STRING, j INT, t STRING) WITH ('connector'='filesystem', 'path'='data/rows_nulls.json', 'format'='json');

SELECT 'not equal' AS what, n, CAST(NULL AS INT) AS m FROM t WHERE NOT ((i, s) = (1, 'a'))
UNION ALL SELECT 'equal', n, CAST(NULL AS INT) FROM t WHERE ROW(i, s) = ROW(j, t)
UNION ALL SELECT 'among', n, CAST(NULL AS INT) FROM t WHERE (i, s) IN ((1, 'a'), (2, 'b'))
UNION ALL SELECT 'not among', n, CAST(NULL AS INT) FROM t WHERE (i, s) NOT IN ((1, 'a'), (2, 'b'))
UNION ALL SELECT 'joined', x.n, y.n FROM t AS x JOIN t AS y ON (x.i, x.s) = (y.j, y.t)
UNION ALL SELECT 'outer', x.n, y.n FROM t AS x LEFT JOIN t AS y ON ROW(x.i, x.s) = ROW(y.j, y.t)
UNION ALL SELECT CASE WHEN (i, s) = (j, t) THEN 'yes' ELSE 'no' END, n, CAST(NULL AS INT) FROM t;
