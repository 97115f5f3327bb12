CREATE TABLE t (id INT, i INT, bi BIGINT, d DOUBLE, f FLOAT, dc DECIMAL(20,3), b BOOLEAN, s STRING, ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3), ts6 TIMESTAMP(6)) WITH ('connector'='filesystem','path'='data/fn_typed.json','format'='json');
SELECT id,
  JSON_OBJECT('i' VALUE i, 'bi' VALUE bi, 'b' VALUE b),
  JSON_OBJECT('s' VALUE s),
  JSON_OBJECT('d' VALUE d),
  JSON_OBJECT('f' VALUE f),
  JSON_OBJECT('dc' VALUE dc),
  JSON_OBJECT(KEY 'ti' VALUE CAST(i AS TINYINT), KEY 'si' VALUE CAST(i AS SMALLINT))
FROM t;
