-- all rows compete, the late ones, too
CREATE TABLE ev (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'filesystem', 'path' = 'data/dedup_late.csv', 'format' = 'csv', 'csv.null-literal' = 'N');
SELECT id, ts FROM ev ORDER BY ts LIMIT 3;
SELECT id, ts FROM ev ORDER BY ts, id LIMIT 2 OFFSET 1;
SELECT id, ts FROM ev ORDER BY ts DESC LIMIT 2;
