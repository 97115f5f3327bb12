SET 'table.local-time-zone' = 'America/New_York';
CREATE TABLE w (a TIMESTAMP_LTZ(3), b DATE, c TIME(0), d TIMESTAMP(3)) WITH ('connector'='filesystem','path'='${out}/w','format'='json');
INSERT INTO w SELECT ts, ts, ts, lz FROM (SELECT CAST(s AS TIMESTAMP(3)) AS ts, CAST(CAST(s AS TIMESTAMP(3)) AS TIMESTAMP_LTZ(3)) AS lz FROM (VALUES ('2026-01-01 10:00:00'), ('2026-07-01 23:30:00.5')) AS v(s));
SELECT CAST(a AS STRING), b, CAST(c AS STRING), CAST(d AS STRING) FROM w;
