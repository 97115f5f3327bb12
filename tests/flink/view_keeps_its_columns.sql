-- What * stood for when a view was made is what it gives, whatever becomes of the table.
CREATE TABLE t (k INT, v INT, u STRING) WITH ('connector' = 'filesystem', 'path' = '${out}/t', 'format' = 'json');
INSERT INTO t VALUES (1, 10, 'x'), (2, 20, 'y');
CREATE VIEW a AS SELECT * FROM t WHERE k > 1;
CREATE VIEW b (x, y, z) AS SELECT * FROM t;
CREATE VIEW c (x, y) AS SELECT k, v FROM t;
ALTER TABLE t ADD w INT FIRST;
ALTER TABLE t ADD q AS v + 1;
ALTER VIEW c AS SELECT k AS key_alone FROM t;
SELECT a.*, b.*, c.* FROM a JOIN b ON a.k = b.x JOIN c ON c.key_alone = b.x;
