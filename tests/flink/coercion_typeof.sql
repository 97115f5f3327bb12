CREATE TABLE e (id INT, ts TIMESTAMP(3), ms BIGINT, lz AS TO_TIMESTAMP_LTZ(ms, 3)) WITH ('connector'='filesystem','path'='data/zone_points.csv','format'='csv','csv.null-literal'='NULL');
CREATE TEMPORARY VIEW v AS SELECT id AS i, ms AS b, CAST(id AS TINYINT) AS t, CAST(id AS DECIMAL(2, 1)) AS d, CAST(id AS DOUBLE) AS f, ts, lz FROM e;
SELECT i, TYPEOF(COALESCE(b, d)) = 'DECIMAL(20, 1)', TYPEOF(CASE WHEN i = 1 THEN b ELSE d END) = 'DECIMAL(20, 1)', TYPEOF(GREATEST(b, d)) = 'DECIMAL(20, 1)',
  TYPEOF(ARRAY[b, d][1]) = 'DECIMAL(20, 1)', TYPEOF(NULLIF(i, 1.5)), TYPEOF(NULLIF(t, 0)), NULLIF(i, 1.5), NULLIF(i, 1.0), NULLIF(t, 3), TYPEOF(COALESCE(ts, lz)),
  TYPEOF(COALESCE(i, d)) = 'DECIMAL(11, 1)', TYPEOF(COALESCE(d, f)), TYPEOF(IFNULL(t, i)), TYPEOF(IF(i = 1, lz, ts)), TYPEOF(COALESCE(t, b)) FROM v;
