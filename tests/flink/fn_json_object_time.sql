SET 'table.local-time-zone' = 'UTC';
CREATE TABLE t (id INT, i INT, bi BIGINT, d DOUBLE, f FLOAT, dc DECIMAL(20,3), b BOOLEAN, s STRING, ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3), ts6 TIMESTAMP(6)) WITH ('connector'='filesystem','path'='data/fn_typed.json','format'='json');
SELECT id,
  JSON_OBJECT('ts' VALUE ts),
  JSON_OBJECT('ts6' VALUE ts6),
  JSON_OBJECT('tz' VALUE tz),
  JSON_ARRAY(ts, tz, ts6),
  JSON_STRING(ts),
  JSON_STRING(tz),
  JSON_STRING(ts6)
FROM t;
