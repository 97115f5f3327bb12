-- CSV empty fields: empty text for STRING, NULL for INT under ignore-parse-errors; null-literal quoted or not is NULL.
CREATE TABLE e (
  id INT, a STRING, b STRING, n INT
) WITH ('connector'='filesystem', 'path'='data/empties.csv', 'format'='csv', 'csv.null-literal'='N/A', 'csv.ignore-parse-errors'='true');

SELECT id, a, a IS NULL AS an, CHAR_LENGTH(a) AS la, b, b IS NULL AS bn, n FROM e;
