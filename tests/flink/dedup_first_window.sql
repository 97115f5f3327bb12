-- deduplicate, then count by windows: what is first comes once and keeps its time
CREATE TABLE ev (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'filesystem', 'path' = 'data/dedup_late.csv', 'format' = 'csv', 'csv.null-literal' = 'N');
CREATE TEMPORARY VIEW firsts AS
SELECT id, k, v, ts FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts) AS rn FROM ev) WHERE rn = 1;
SELECT window_start, COUNT(*), SUM(v)
FROM TABLE(TUMBLE(TABLE firsts, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
