-- CSV with an empty null-literal: empty text, quoted or not, is NULL.
CREATE TABLE e (
  id INT, a STRING, b STRING, n STRING
) WITH ('connector'='filesystem', 'path'='data/empties.csv', 'format'='csv', 'csv.null-literal'='');

SELECT id, CONCAT('[', a, ']') AS a, a IS NULL AS an, b, n FROM e;
