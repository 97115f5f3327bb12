-- TIMESTAMP_LTZ in Asia/Kolkata: casts, EXTRACT, DATE_FORMAT, FLOOR, comparison with TIMESTAMP.
SET 'table.local-time-zone' = 'Asia/Kolkata';
CREATE TABLE z (
  id INT, ms BIGINT, lt AS TO_TIMESTAMP_LTZ(ms, 3)
) WITH ('connector'='filesystem', 'path'='data/ltz.json', 'format'='json');

SELECT id, lt, CAST(lt AS STRING), CAST(lt AS TIMESTAMP(3)), CAST(lt AS DATE), CAST(CAST(lt AS TIME) AS STRING), EXTRACT(HOUR FROM lt), MINUTE(lt), DATE_FORMAT(lt, 'yyyy-MM-dd HH:mm'), CAST(CAST(lt AS TIMESTAMP(3)) AS TIMESTAMP_LTZ(3)) = lt, lt + INTERVAL '1' HOUR, TYPEOF(lt), FROM_UNIXTIME(ms / 1000), TO_TIMESTAMP_LTZ(ms / 1000, 0), CAST(FLOOR(lt TO DAY) AS STRING)
FROM z WHERE MOD(id, 9) = 0;
