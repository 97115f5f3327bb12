-- LAG with a default that is computed from the row itself.
CREATE TABLE lagged (k STRING, v INT, w INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'data/lagged.csv', 'format' = 'csv');

SELECT k, v, LAG(v, 1, w) OVER (PARTITION BY k ORDER BY ts) AS l1, LAG(v, 2, w + 1) OVER (PARTITION BY k ORDER BY ts) AS l2 FROM lagged;
