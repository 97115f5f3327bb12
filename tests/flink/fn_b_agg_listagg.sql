CREATE TABLE t (id INT, g STRING, t TINYINT, s SMALLINT, i INT, b BIGINT, f FLOAT, d DOUBLE, n DECIMAL(10,2), dt DATE, tm TIME, ts TIMESTAMP(3), bo BOOLEAN, st STRING, p DOUBLE, w INT, l AS CAST(ts AS TIMESTAMP_LTZ(3)), iv AS w * INTERVAL '1' HOUR, ym AS w * INTERVAL '1' MONTH) WITH ('connector'='filesystem','path'='data/fn_b_agg.csv','format'='csv','csv.null-literal'='NULL');
SELECT g,
  LISTAGG(st),
  LISTAGG(st, '; '),
  LISTAGG(DISTINCT st),
  LISTAGG(st, ''),
  LISTAGG(CAST(i AS STRING), '|'),
  LISTAGG(DISTINCT st, '-'),
  LISTAGG(st) FILTER (WHERE st <> ''),
  LISTAGG(CAST(NULL AS STRING))
FROM t
GROUP BY g ;
