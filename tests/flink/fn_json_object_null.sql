CREATE TABLE t (id INT, i INT, bi BIGINT, d DOUBLE, f FLOAT, dc DECIMAL(20,3), b BOOLEAN, s STRING, ts TIMESTAMP(3), tz TIMESTAMP_LTZ(3), ts6 TIMESTAMP(6)) WITH ('connector'='filesystem','path'='data/fn_typed.json','format'='json');
SELECT id,
  JSON_OBJECT('i' VALUE i, 's' VALUE s NULL ON NULL),
  JSON_OBJECT('i' VALUE i, 's' VALUE s ABSENT ON NULL),
  JSON_OBJECT('i' VALUE i, 's' VALUE s),
  JSON_OBJECT(),
  JSON_OBJECT('z' VALUE i, 'A' VALUE 1, 'a' VALUE 2, 'ä' VALUE 3, '' VALUE 4),
  JSON_OBJECT('k' VALUE i, 'k' VALUE s),
  JSON_OBJECT('q"k' VALUE 1),
  JSON_OBJECT('n' VALUE CAST(NULL AS INT) ABSENT ON NULL)
FROM t;
