-- A CASE is of the type that its branches have together, a rounded decimal of that with fewer digits, whatever is around it.
CREATE TEMPORARY VIEW f AS SELECT * FROM (VALUES
  (1, TRUE, 2, CAST(1.5 AS DOUBLE), CAST(12.345 AS DECIMAL(12, 3)), CAST(3.3333 AS DECIMAL(10, 4))),
  (2, FALSE, 1, CAST(-1.5 AS DOUBLE), CAST(0 AS DECIMAL(12, 3)), CAST(1.8599 AS DECIMAL(10, 4))),
  (3, CAST(NULL AS BOOLEAN), 1, CAST(2.5 AS DOUBLE), CAST(-7.5 AS DECIMAL(12, 3)), CAST(NULL AS DECIMAL(10, 4)))) AS q(id, y, i, d, e, p);
SELECT id, CASE WHEN y THEN i ELSE CAST(d AS FLOAT) END + 0.25 AS a, CASE WHEN y THEN i ELSE CAST(d AS FLOAT) END * e AS b,
  COALESCE(NULLIF(e, 0), IF(i > 0, 1, 0.123456e0)) AS c, COALESCE(e, IF(y, 1, 0.123456e0)) AS c2, GREATEST(0, IF(y, 0.5, id * 1.123)) AS g,
  CASE WHEN y IS NULL THEN i ELSE d END + 0.25 AS h, MOD(IF(y, 1, 0.25), 1) AS m, CASE WHEN y THEN 2.5 ELSE CAST(d AS FLOAT) END * e AS n,
  CASE WHEN y THEN 0 ELSE e END / 3 AS o, IF(y, 1, 0.25e0) * e AS q1, CASE WHEN y IS NULL THEN e ELSE d END + 0.25 AS q2,
  COALESCE(ROUND(e, 1), 0) AS r1, IFNULL(ROUND(p, 1), 0) AS r2, GREATEST(ROUND(e, 2), 0) AS r3, CASE WHEN y THEN ROUND(e, 1) ELSE 0 END AS r4,
  COALESCE(TRUNCATE(e, 1), 0) AS r5, ROUND(COALESCE(p, 0), 2) AS r6, ROUND(e, -1) AS r7, ROUND(i, 1) AS r9, ROUND(e, 0) + 1 AS r10,
  e / 0.10 AS l1, e / 0.05 AS l2, p / 0.3 AS l3, p / 0.07 AS l4, p / .5 AS l5, p * 0.10 AS l6, -0.10 * p AS l7, 1. + i AS l8
FROM f;
