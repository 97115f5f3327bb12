CREATE TABLE t (id INT, ai ARRAY<INT>, `as` ARRAY<STRING>, aa ARRAY<ARRAY<INT>>, m MAP<STRING, INT>, ms MAP<STRING, STRING>, r ROW<a INT, `B b` STRING, c ROW<x DOUBLE>>, ar ARRAY<ROW<k STRING, v INT>>) WITH ('connector'='filesystem','path'='data/fn_nested.json','format'='json');
SELECT id,
  JSON_OBJECT('ai' VALUE ai, 'as' VALUE `as`),
  JSON_OBJECT('aa' VALUE aa),
  JSON_OBJECT('m' VALUE m, 'ms' VALUE ms),
  JSON_OBJECT('r' VALUE r),
  JSON_OBJECT('ar' VALUE ar),
  JSON_OBJECT('ai' VALUE ai, 'r' VALUE r ABSENT ON NULL)
FROM t;
