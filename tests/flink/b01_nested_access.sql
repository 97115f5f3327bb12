-- ROW, ARRAY, MAP, ARRAY of ROW from JSON: nested fields, indexes in and out of range, missing keys, null containers, CARDINALITY, coercions inside.
CREATE TABLE nested (
  id INT, r ROW<a INT, b STRING, c ROW<d ARRAY<INT>, e STRING>>, arr ARRAY<STRING>, m MAP<STRING, STRING>, ar ARRAY<ROW<u INT, w STRING>>, mi MAP<STRING, INT>
) WITH ('connector'='filesystem', 'path'='data/nested.json', 'format'='json');

SELECT id, nested.r.a, nested.r.b, nested.r.c.e, nested.r.c.d[1], nested.r.c.d[3], arr[1], arr[2], arr[9], m['k'], m['nope'], m[''], ar[1].u, ar[2].w, mi['a'] + 1 AS ma, mi['b'] AS mb, CARDINALITY(arr), CARDINALITY(m), CARDINALITY(nested.r.c.d), r IS NULL AS rn, arr IS NULL AS an, m IS NULL AS mn, nested.r.c IS NULL AS cn
FROM nested;
