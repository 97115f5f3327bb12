-- stars of whatever has an alias
CREATE TABLE ev (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'filesystem', 'path' = 'data/dedup_late.csv', 'format' = 'csv', 'csv.null-literal' = 'N');
CREATE TEMPORARY VIEW a AS SELECT * FROM (VALUES ('a', 1), ('b', 2)) AS t(k, n);
SELECT w.id, w.* FROM TABLE(TUMBLE(TABLE ev, DESCRIPTOR(ts), INTERVAL '10' SECOND)) AS w WHERE w.id < 3;
SELECT x.*, u.* FROM a AS x CROSS JOIN UNNEST(ARRAY[7, 8]) AS u(e);
SELECT y.* FROM (SELECT x.* FROM a AS x) AS y;
