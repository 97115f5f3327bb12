-- VARIANT: keys and indexes, of a column too, COALESCE, and a join by value.
CREATE TABLE docs (id INT, s STRING) WITH ('connector'='filesystem', 'path'='data/variants.csv', 'format'='csv');
CREATE VIEW objects AS SELECT id, PARSE_JSON(s) AS j FROM docs WHERE s LIKE '{%}' AND id <> 11;

SELECT id, j['a'] AS a, j['b'] AS b, COALESCE(j['b'], PARSE_JSON('"none"')) AS c, PARSE_JSON('[10,20,[30]]')[id] AS e,
  JSON_VALUE(JSON_STRING(j), '$.a') AS v, j['c q'] AS q
FROM objects;
