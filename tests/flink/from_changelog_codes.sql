-- FROM_CHANGELOG: another column and codes, several of one kind, of a query; the column is gone.
CREATE TABLE moves (id INT, k STRING, v INT, op STRING) WITH ('connector'='filesystem', 'path'='data/moves.csv', 'format'='csv');
CREATE VIEW coded AS SELECT CASE op WHEN 'INSERT' THEN 'c' WHEN 'UPDATE_BEFORE' THEN 'x' WHEN 'UPDATE_AFTER' THEN 'r' ELSE 'd' END AS `__op`, k, v, id FROM moves;

SELECT * FROM FROM_CHANGELOG(input => TABLE coded, op => DESCRIPTOR(`__op`), op_mapping => MAP['c, r', 'INSERT', 'x,d', 'DELETE']) AS t WHERE t.v <> 7;
