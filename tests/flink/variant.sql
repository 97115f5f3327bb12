-- VARIANT: JSON texts parsed, looked into by key and by index, grouped and compared.
CREATE TABLE docs (id INT, s STRING) WITH ('connector'='filesystem', 'path'='data/variants.csv', 'format'='csv');
CREATE VIEW v AS SELECT id, TRY_PARSE_JSON(s) AS j FROM docs;

SELECT id, j, j IS NULL AS n, JSON_STRING(j) AS t, TYPEOF(j) AS y FROM v;
