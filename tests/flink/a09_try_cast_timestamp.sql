-- TRY_CAST and CAST of texts to TIMESTAMP(p) and DATE.
CREATE TABLE casts (
  id INT, s STRING
) WITH ('connector'='filesystem', 'path'='data/casts.json', 'format'='json');

SELECT id, s, TRY_CAST(s AS TIMESTAMP(3)) AS t3, TRY_CAST(s AS TIMESTAMP(0)) AS t0, CAST(TRY_CAST(s AS TIMESTAMP(6)) AS STRING) AS t6s, CAST(TRY_CAST(s AS TIMESTAMP(9)) AS STRING) AS t9s, CAST(TRY_CAST(s AS TIMESTAMP(3)) AS DATE) AS dd
FROM casts WHERE id BETWEEN 34 AND 38 OR s IS NULL;
