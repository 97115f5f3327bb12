CREATE TABLE t (id INT, i INT, bi BIGINT, d DOUBLE, f FLOAT, dc DECIMAL(20,3), b BOOLEAN, s STRING, ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3), ts6 TIMESTAMP(6)) WITH ('connector'='filesystem','path'='data/fn_typed.json','format'='json');
SELECT id,
  JSON_STRING(i),
  JSON_STRING(bi),
  JSON_STRING(d),
  JSON_STRING(f),
  JSON_STRING(dc),
  JSON_STRING(b),
  JSON_STRING(s),
  JSON_STRING(CAST(s AS CHAR(2)))
FROM t;
