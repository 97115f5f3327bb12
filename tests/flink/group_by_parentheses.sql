-- Columns of GROUP BY in parentheses are columns.
-- run: key=2
CREATE TEMPORARY VIEW t AS SELECT * FROM (VALUES (1, 'a', 2), (1, 'a', 3), (2, 'b', 4), (1, 'b', 5)) AS q(k, u, v);
SELECT k, u, COALESCE(ROUND(AVG(v * 1.005), 2), 0) AS mean, SUM(IF(v > 3, 0.5, v * 1.123)) AS total FROM t GROUP BY (k, u);
