CREATE TABLE t (id INT, t TINYINT, s SMALLINT, i INT, b BIGINT) WITH ('connector'='filesystem','path'='data/fn_b_int.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  HEX(t),
  HEX(s),
  HEX(i),
  HEX(b),
  BIN(t),
  BIN(s),
  BIN(i),
  BIN(b)
FROM t;
