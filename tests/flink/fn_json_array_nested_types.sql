CREATE TABLE t (id INT, ai ARRAY<INT>, `as` ARRAY<STRING>, aa ARRAY<ARRAY<INT>>, m MAP<STRING, INT>, ms MAP<STRING, STRING>, r ROW<a INT, `B b` STRING, c ROW<x DOUBLE>>, ar ARRAY<ROW<k STRING, v INT>>) WITH ('connector'='filesystem','path'='data/fn_nested.json','format'='json');
SELECT id,
  JSON_ARRAY(ai, `as`),
  JSON_ARRAY(m, ms),
  JSON_ARRAY(r, ar NULL ON NULL),
  JSON_STRING(ai),
  JSON_STRING(m),
  JSON_STRING(r),
  JSON_STRING(ar),
  JSON_STRING(aa)
FROM t;
