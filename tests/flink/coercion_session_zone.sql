SET 'table.local-time-zone' = 'America/New_York';
CREATE TABLE e (id INT, ts TIMESTAMP(3), ms BIGINT, lz AS TO_TIMESTAMP_LTZ(ms, 3)) WITH ('connector'='filesystem','path'='data/zone_points.csv','format'='csv','csv.null-literal'='NULL');
SELECT id, lz = ts, lz < ts, ts <= lz, lz > TIMESTAMP '2024-03-10 01:59:59', lz BETWEEN TIMESTAMP '2024-03-10 00:00:00' AND ts,
  lz IN (TIMESTAMP '2024-03-10 01:59:59', TIMESTAMP '2024-06-30 20:00:00'),
  lz BETWEEN '2024-03-10 00:00:00' AND '2024-03-10 05:00:00',
  CAST(COALESCE(ts, lz) AS STRING), CAST(CASE WHEN id < 3 THEN lz ELSE ts END AS STRING), CAST(NULLIF(lz, ts) AS STRING) FROM e;
