-- FROM_CHANGELOG: rows whose column says what change they are, under the default name and codes.
CREATE TABLE moves (id INT, k STRING, v INT, op STRING) WITH ('connector'='filesystem', 'path'='data/moves.csv', 'format'='csv');

SELECT k, COUNT(*) AS c, SUM(v) AS s FROM FROM_CHANGELOG(input => TABLE moves) GROUP BY k;
