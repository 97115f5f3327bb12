CREATE TABLE t (id INT, s STRING, n INT, p STRING) WITH ('connector'='filesystem','path'='data/fn_pads.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  LPAD(s, n, p),
  RPAD(s, n, p),
  CHAR_LENGTH(LPAD(s, n, p)),
  REPEAT(s, n)
FROM t WHERE (n IS NULL OR n < 100) AND id NOT IN (21, 22, 23);
