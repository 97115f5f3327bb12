-- Changes made to rows and back are the same changes; what has no code is left out.
CREATE TABLE moves (id INT, k STRING, v INT, op STRING) WITH ('connector'='filesystem', 'path'='data/moves.csv', 'format'='csv');
CREATE VIEW sums AS SELECT k, SUM(v) AS s FROM FROM_CHANGELOG(TABLE moves) GROUP BY k;
CREATE VIEW rows_of AS SELECT * FROM TO_CHANGELOG(TABLE sums);

SELECT k, s FROM FROM_CHANGELOG(TABLE rows_of);
