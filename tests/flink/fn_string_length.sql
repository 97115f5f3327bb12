CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_text.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  CHAR_LENGTH(s),
  CHARACTER_LENGTH(s),
  REVERSE(s),
  ASCII(s)
FROM t;
