-- BITMAP: made of arrays, combined, counted, listed, to bytes and back, as a text.
CREATE VIEW v AS SELECT * FROM (VALUES
  (1, ARRAY[1, 2, 3]), (2, ARRAY[2, 3]), (3, ARRAY[-1, 0, 2147483647, -2147483648]),
  (4, CAST(NULL AS ARRAY<INT>)), (5, ARRAY[3, CAST(NULL AS INT), 1, 3])) AS t(id, a);
CREATE VIEW b AS SELECT id, BITMAP_BUILD(a) AS b, BITMAP_BUILD(ARRAY[1, 2]) AS c FROM v;

SELECT id, b, BITMAP_TO_STRING(b) AS s, CAST(b AS STRING) AS t, BITMAP_CARDINALITY(b) AS n, BITMAP_TO_ARRAY(b) AS a,
  BITMAP_AND(b, c) AS x, BITMAP_OR(b, c) AS o, BITMAP_XOR(b, c) AS e, BITMAP_ANDNOT(b, c) AS d,
  BITMAP_FROM_BYTES(BITMAP_TO_BYTES(b)) AS f, TYPEOF(b) AS y, ROW(b, id) AS r
FROM b;
