CREATE TABLE t (id INT, n BIGINT) WITH ('connector'='filesystem','path'='data/fn_chrs.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  ASCII(CHR(n)),
  CHAR_LENGTH(CHR(n)),
  CHR(n) = 'a'
FROM t;
