-- ROLLUP and CUBE within GROUPING SETS.
CREATE TABLE lagged (k STRING, v INT, w INT, ts TIMESTAMP(3))
WITH ('connector' = 'filesystem', 'path' = 'data/lagged.csv', 'format' = 'csv');

SELECT k, v, COUNT(*) AS c, SUM(w) AS s FROM lagged GROUP BY GROUPING SETS (ROLLUP (k, v), (v));
