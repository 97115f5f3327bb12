-- JSON values of another type than the column: numbers, booleans, objects, arrays for STRING; texts and fractions for numbers; anything for BOOLEAN; duplicates, other case, array of rows, trailing text.
CREATE TABLE c (
  id INT, s STRING, n INT, b BIGINT, d DOUBLE, p DECIMAL(8,2), o BOOLEAN
) WITH ('connector'='filesystem', 'path'='data/coerce.json', 'format'='json');

SELECT id, s, n, b, d, p, o, CHAR_LENGTH(s) AS l FROM c;
