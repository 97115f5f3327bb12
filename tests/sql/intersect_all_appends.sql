-- INTERSECT ALL of rows that are only added gives each copy as a row: LIMIT counts them, and a file takes them.
CREATE TEMPORARY VIEW a AS SELECT * FROM (VALUES (1), (1), (1), (2), (3), (3)) AS t (x);
CREATE TEMPORARY VIEW b AS SELECT * FROM (VALUES (1), (1), (3), (3), (4)) AS t (x);

SELECT COUNT(*) AS c FROM (SELECT x FROM a INTERSECT ALL SELECT x FROM b LIMIT 3);

CREATE TABLE both_have (x INT) WITH ('connector' = 'filesystem', 'path' = '${out}', 'format' = 'csv');

INSERT INTO both_have SELECT x FROM a INTERSECT ALL SELECT x FROM b;

SELECT x FROM both_have;
