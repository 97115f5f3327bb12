SET 'table.local-time-zone' = 'America/New_York';
CREATE TEMPORARY VIEW e AS SELECT id, CAST(s AS STRING) AS s FROM (VALUES (1, '2026-01-31 12:34:56'), (2, '2026-07-31 12:34:56.789'), (3, '2026-01-31'), (6, '2024-11-03 01:30:00'), (7, '2026-1-3 1:2:3'), (8, CAST(NULL AS STRING))) AS v(id, s);
SELECT id, CAST(TO_TIMESTAMP_LTZ(s) AS STRING), CAST(TO_TIMESTAMP_LTZ(s, 'yyyy-MM-dd HH:mm:ss') AS STRING), CAST(TO_TIMESTAMP_LTZ(s, 'yyyy-MM-dd HH:mm:ss', 'Europe/Berlin') AS STRING), CAST(TO_TIMESTAMP_LTZ(s, 'yyyy-MM-dd', 'UTC') AS STRING) FROM e;
