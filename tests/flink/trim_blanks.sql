-- What is taken away is a blank where nothing else is said.
CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem', 'path'='data/trim_blanks.csv', 'format'='csv', 'csv.null-literal'='NULL');
SELECT id, '[' || TRIM(LEADING FROM s) || ']' AS a, '[' || TRIM(TRAILING FROM s) || ']' AS b, '[' || TRIM(BOTH FROM s) || ']' AS c,
  '[' || TRIM(FROM_BASE64(TO_BASE64(s))) || ']' AS d
FROM t;
