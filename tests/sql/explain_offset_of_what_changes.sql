-- OFFSET without LIMIT over rows that change: all of them are kept, and EXPLAIN says so.
CREATE TEMPORARY VIEW t AS SELECT * FROM (VALUES (1, 'a'), (2, 'a'), (3, 'b')) AS t (n, k);

EXPLAIN SELECT k, COUNT(*) AS c FROM t GROUP BY k OFFSET 1 ROW;

SELECT COUNT(*) AS c FROM (SELECT k, COUNT(*) AS c FROM t GROUP BY k OFFSET 1 ROW);
