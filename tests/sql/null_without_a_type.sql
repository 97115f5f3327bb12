-- NULL without a type is no value: it is not counted, and equal to nothing.
CREATE VIEW untyped AS SELECT NULL AS z, x FROM (VALUES (1), (2)) AS t(x);
SELECT COUNT(z) AS c, COUNT(DISTINCT z) AS d, COUNT(NULL) AS n, COUNT(*) AS a, MAX(z) AS m FROM untyped;
SELECT x, COUNT(z) AS c, COUNT(CASE WHEN x > 1 THEN NULL ELSE NULL END) AS e FROM untyped GROUP BY x;
SELECT x, COUNT(z) OVER (ORDER BY x) AS c FROM untyped;
SELECT l.x, r.x AS y FROM untyped AS l JOIN untyped AS r ON l.z = r.z;
SELECT l.x, r.x AS y FROM untyped AS l LEFT JOIN untyped AS r ON l.z = r.z;
-- Beside a literal with details it is of that type.
SELECT x FROM (VALUES (TIMESTAMP '2024-02-29 12:34:56.1'), (NULL)) AS t(x);
SELECT k, x FROM (VALUES (1, TIME '12:34:56'), (2, NULL), (3, TIME '12:34:56.1')) AS t(k, x);
