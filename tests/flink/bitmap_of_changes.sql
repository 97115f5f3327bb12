-- Sets of what changes: numbers and sets that are taken back.
CREATE VIEW v AS SELECT * FROM (VALUES (1, 5), (1, 7), (2, 5), (2, 9), (3, 5), (3, 5), (1, 8)) AS t(k, x);
CREATE VIEW g AS SELECT k, CAST(COUNT(*) AS INT) AS n, BITMAP_BUILD_AGG(x) AS b FROM v GROUP BY k;

SELECT BITMAP_BUILD_AGG(n) AS n, BITMAP_BUILD_CARDINALITY_AGG(n) AS c, BITMAP_AND_AGG(b) AS a, BITMAP_OR_AGG(b) AS o,
  BITMAP_XOR_AGG(b) AS x, BITMAP_XOR_CARDINALITY_AGG(b) AS y
FROM g;
