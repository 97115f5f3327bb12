CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_text.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  s || s,
  s || CAST(id AS STRING),
  CONCAT(s, '-', s),
  CONCAT_WS(s, 'a', 'b'),
  CONCAT_WS(',', s, CAST(NULL AS STRING), s),
  CONCAT_WS('', s),
  CONCAT(s),
  CONCAT_WS(',', CAST(NULL AS STRING))
FROM t;
