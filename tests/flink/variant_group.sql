-- VARIANT as a key of GROUP BY, and inside of COUNT(DISTINCT).
CREATE TABLE docs (id INT, s STRING) WITH ('connector'='filesystem', 'path'='data/variants.csv', 'format'='csv');

SELECT TRY_PARSE_JSON(s) AS j, COUNT(*) AS c, COUNT(DISTINCT TRY_PARSE_JSON(s)) AS d FROM docs GROUP BY TRY_PARSE_JSON(s);
