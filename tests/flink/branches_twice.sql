-- A CASE whose branches are of several types, where it stands more than once, bare and as an operand.
-- run: key=1
CREATE TEMPORARY VIEW f AS SELECT * FROM (VALUES
  (1, TRUE, 2, CAST(-5 AS BIGINT), CAST(1.5 AS DOUBLE), CAST(12.345 AS DECIMAL(12, 3))),
  (1, FALSE, 2, CAST(-7 AS BIGINT), CAST(-1.5 AS DOUBLE), CAST(3 AS DECIMAL(12, 3))),
  (2, FALSE, 1, CAST(7 AS BIGINT), CAST(2.5 AS DOUBLE), CAST(-4.5 AS DECIMAL(12, 3)))) AS q(id, y, i, b, d, e);
SELECT id, SUM(IF(y, 0, e)) AS s, SUM(IF(y, 0, e)) * 2 AS s2, SUM(CASE WHEN y THEN i ELSE d END) / COUNT(*) AS m,
  SUM(CASE WHEN y THEN i ELSE d END) AS t, COUNT(DISTINCT IF(y, e, 0)) * 1.0 / COUNT(*) AS c, AVG(IF(i > 1, e, 0)) AS a
FROM f GROUP BY id HAVING SUM(CASE WHEN y THEN b ELSE 0 END) < 100;
