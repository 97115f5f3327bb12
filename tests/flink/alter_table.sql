-- Tables and views are changed, and mean the same as if they had been declared so.
CREATE TABLE t (id INT, v INT, gone STRING) WITH ('connector' = 'filesystem', 'path' = '${out}/t', 'format' = 'csv');
INSERT INTO t VALUES (1, 10, 'x'), (2, 20, 'y'), (3, 30, 'z');
ALTER TABLE t MODIFY v BIGINT;
ALTER TABLE t ADD (`twice` AS v * 2, k STRING AFTER v);
ALTER TABLE t RENAME k TO l;
ALTER TABLE t DROP l;
ALTER TABLE t SET ('csv.ignore-parse-errors' = 'true', 'csv.null-literal' = '20');
ALTER TABLE t RESET ('csv.ignore-parse-errors');
ALTER TABLE t RENAME TO u;
CREATE VIEW w AS SELECT id FROM u;
ALTER VIEW w RENAME TO w2;
ALTER VIEW w2 AS SELECT id, v, `twice`, gone FROM u WHERE id <> 3;
SELECT * FROM w2;
