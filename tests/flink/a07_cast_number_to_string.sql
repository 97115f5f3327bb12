-- CAST of every numeric type and BOOLEAN to STRING, VARCHAR(n), CHAR(n): Java spelling, cut on the right, padded.
CREATE TABLE nums (
  i INT, t TINYINT, s SMALLINT, n INT, b BIGINT, f FLOAT, d DOUBLE, p DECIMAL(10,2), w DECIMAL(27,9)
) WITH ('connector'='filesystem', 'path'='data/nums.csv', 'format'='csv', 'csv.null-literal'='NIL');

SELECT i, CAST(t AS STRING), CAST(b AS STRING), CAST(f AS STRING), CAST(d AS STRING), CAST(p AS STRING), CAST(w AS STRING), CAST(n > 1 AS STRING), CAST(n AS VARCHAR(4)), CONCAT(CAST(n AS CHAR(13)), '|'), CAST(d AS VARCHAR(3)), CAST(n > 1 AS VARCHAR(2)), CONCAT('[', CAST(p AS CHAR(12)), ']'), CAST(n / 1000.0E0 AS STRING), CAST(b * 1.0E0 AS STRING), CAST(n AS STRING) || '', CONCAT(CAST(p AS STRING), '/', CAST(f AS STRING))
FROM nums;
