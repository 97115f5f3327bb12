-- of several rows with one primary key the last is kept, and the one before it when it is taken back; or the first
CREATE TEMPORARY VIEW r AS SELECT * FROM (VALUES (1, 'a', 10), (2, 'b', 20), (1, 'c', 30), (2, 'd', 5)) AS t(id, k, v);
CREATE TABLE lasts (id INT, k STRING, v INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'print');
CREATE TABLE firsts (id INT, k STRING, v INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'print');
CREATE TABLE sums (id BIGINT, total INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'print');
INSERT INTO lasts SELECT id, k, v FROM r ON CONFLICT DO DEDUPLICATE;
INSERT INTO firsts SELECT id, k, v FROM r ON CONFLICT DO NOTHING;
INSERT INTO sums SELECT COUNT(*), SUM(v) FROM r GROUP BY id ON CONFLICT DO DEDUPLICATE;
