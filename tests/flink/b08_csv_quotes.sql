-- CSV: quoted commas and newlines, doubled quotes, quotes inside an unquoted field, blanks around quotes, empty quoted and unquoted text.
CREATE TABLE q (
  id INT, a STRING, b STRING, d DOUBLE
) WITH ('connector'='filesystem', 'path'='data/quotes.csv', 'format'='csv');

SELECT id, REPLACE(a, CHR(10), '<NL>') AS a, CHAR_LENGTH(a) AS la, CONCAT('[', REPLACE(b, CHR(9), '<TAB>'), ']') AS b, d FROM q;
