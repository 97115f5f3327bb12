-- JSON timestamps in SQL style (default), TIMESTAMP_LTZ with Z, DATE and TIME.
CREATE TABLE x (
  id INT, ts TIMESTAMP(3), z TIMESTAMP_LTZ(3), d DATE, t TIME
) WITH ('connector'='filesystem', 'path'='data/sqlts.json', 'format'='json');

SELECT id, ts, CAST(ts AS STRING) AS tss, CAST(z AS STRING) AS zs, d, CAST(t AS STRING) AS t FROM x;
