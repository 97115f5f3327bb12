-- csv.ignore-parse-errors: bad fields NULL, too few fields padded with NULL, too many fields drop the row, blank line gives a row of NULLs, an unterminated quote swallows the rest.
CREATE TABLE x (
  id INT, a STRING, d DOUBLE, ts TIMESTAMP(3)
) WITH ('connector'='filesystem', 'path'='data/bad.csv', 'format'='csv', 'csv.ignore-parse-errors'='true');

SELECT id, a, d, ts FROM x;
