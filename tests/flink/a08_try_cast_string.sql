-- TRY_CAST of texts (spaces, signs, fractions, exponents, NaN, words) to every scalar type: what parses and what is NULL. Texts on which Flink answers nonsense are kept from DECIMAL, DATE and TIME.
CREATE TABLE casts (
  id INT, s STRING
) WITH ('connector'='filesystem', 'path'='data/casts.json', 'format'='json');

SELECT id, CONCAT('[', s, ']') AS txt, TRY_CAST(s AS TINYINT), TRY_CAST(s AS INT), TRY_CAST(s AS BIGINT), CAST(TRY_CAST(s AS FLOAT) AS DOUBLE), TRY_CAST(s AS DOUBLE),
  TRY_CAST(CASE WHEN id NOT IN (12, 17, 23, 24, 25, 42, 50) THEN s END AS DECIMAL(5,2)), TRY_CAST(CASE WHEN id <> 50 THEN s END AS DECIMAL(20,0)), TRY_CAST(s AS BOOLEAN), TRY_CAST(CASE WHEN id > 33 THEN s END AS DATE), CAST(TRY_CAST(CASE WHEN id > 33 THEN s END AS TIME) AS STRING)
FROM casts;
