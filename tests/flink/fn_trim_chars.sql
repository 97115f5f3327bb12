CREATE TABLE t (id INT, s STRING, c STRING) WITH ('connector'='filesystem','path'='data/fn_trims.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  BTRIM(s, c),
  LTRIM(s, c),
  RTRIM(s, c),
  TRIM(BOTH c FROM s),
  TRIM(LEADING c FROM s),
  TRIM(TRAILING c FROM s)
FROM t;
