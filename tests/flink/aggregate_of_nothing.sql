-- no row can come: the planner knows the one row of a global aggregate
CREATE TABLE ev (id INT, k STRING, v INT, ts TIMESTAMP(3))
WITH ('connector' = 'filesystem', 'path' = 'data/dedup_late.csv', 'format' = 'csv', 'csv.null-literal' = 'N');
SELECT COUNT(*) FROM ev WHERE FALSE;
SELECT COUNT(*) AS c, 'lit' AS l, MAX(id) + 1 AS m FROM ev WHERE 1 = 0;
SELECT COUNT(*), SUM(v), MIN(k), COUNT(DISTINCT k) FROM (SELECT * FROM ev LIMIT 0);
SELECT (SELECT COUNT(*) FROM ev WHERE 1 = 2) AS c;
SELECT k, COUNT(*) FROM ev WHERE 1 = 0 GROUP BY k;
SELECT COUNT(*) FROM ev WHERE id > 1000;
SELECT COUNT(*) FROM ev JOIN (SELECT id FROM ev WHERE FALSE) AS e ON ev.id = e.id;
SELECT COUNT(*) FROM (SELECT k, COUNT(*) FROM ev WHERE 1 = 0 GROUP BY k);
