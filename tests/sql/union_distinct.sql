-- Results that change: DISTINCT and GROUP BY without windows, read at the end.
CREATE TEMPORARY VIEW v AS SELECT * FROM (VALUES ('a', 1), ('b', 2), ('a', 3), ('c', CAST(NULL AS INT))) AS t(k, n);
SELECT k, SUM(n) AS s, COUNT(n) AS c, AVG(n) AS a, MIN(n) AS mn, COUNT(*) FILTER (WHERE n > 1) AS big
FROM (SELECT k, n FROM v UNION ALL SELECT k, n + 10 FROM v) GROUP BY k HAVING COUNT(*) > 1;
