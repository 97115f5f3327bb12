-- VALUES whose texts are of different lengths, and DOUBLE beside DECIMAL.
SELECT x, y, k FROM (VALUES
  (CAST(NULL AS VARCHAR(5)), CAST('a' AS CHAR(3)), 1e300), ('b', 'long', 0.5), (CAST('cde' AS VARCHAR(2)), 'c', -2.25)) AS t(x, y, k);
