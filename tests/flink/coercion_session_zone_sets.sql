SET 'table.local-time-zone' = 'America/New_York';
CREATE TABLE e (id INT, ts TIMESTAMP(3), ms BIGINT, lz AS TO_TIMESTAMP_LTZ(ms, 3)) WITH ('connector'='filesystem','path'='data/zone_points.csv','format'='csv','csv.null-literal'='NULL');
SELECT a, b, CAST(x AS STRING) FROM (
  SELECT id AS a, CAST(0 AS INT) AS b, lz AS x FROM e UNION ALL SELECT id, 1, ts FROM e
  UNION ALL SELECT p.id, q.id + 10, p.lz FROM e p JOIN e q ON p.lz = q.ts
  UNION ALL SELECT id, 2, lz FROM e WHERE lz IN (SELECT ts FROM e WHERE ts IS NOT NULL));
