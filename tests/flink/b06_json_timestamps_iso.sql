-- JSON timestamps in ISO-8601 style, with a TIMESTAMP(6) column and a session time zone.
SET 'table.local-time-zone' = 'America/New_York';
CREATE TABLE x (
  id INT, ts TIMESTAMP(6), z TIMESTAMP_LTZ(3), d DATE, t TIME
) WITH ('connector'='filesystem', 'path'='data/iso.json', 'format'='json', 'json.timestamp-format.standard'='ISO-8601');

SELECT id, CAST(ts AS STRING) AS tss, CAST(z AS STRING) AS zs, CAST(z AS TIMESTAMP(3)) AS zl, DATE_FORMAT(z, 'yyyy-MM-dd HH') AS zf, d, CAST(t AS STRING) AS t FROM x WHERE id BETWEEN 0 AND 3 OR id = 7;
