CREATE TABLE t (id INT, i INT, bi BIGINT, d DOUBLE, f FLOAT, dc DECIMAL(20,3), b BOOLEAN, s STRING, ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3), ts6 TIMESTAMP(6)) WITH ('connector'='filesystem','path'='data/fn_typed.json','format'='json');
SELECT id,
  JSON_ARRAY(i, bi, b),
  JSON_ARRAY(i, bi, b NULL ON NULL),
  JSON_ARRAY(s, s ABSENT ON NULL),
  JSON_ARRAY(d, f, dc),
  JSON_ARRAY(),
  JSON_ARRAY(CAST(NULL AS INT) NULL ON NULL),
  JSON_ARRAY(CAST(NULL AS STRING)),
  JSON_ARRAY(1, 1.0, 1e0, 'a')
FROM t;
