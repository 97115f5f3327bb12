CREATE TABLE t (id INT, n BIGINT) WITH ('connector'='filesystem','path'='data/fn_chrs.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  CHR(n)
FROM t WHERE (n > 31 AND n < 127) OR n = 353 OR n = 228 OR n IS NULL;
