CREATE TABLE t (id INT, t TINYINT, s SMALLINT, i INT, b BIGINT) WITH ('connector'='filesystem','path'='data/fn_b_int.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  ROUND(t, 1),
  ROUND(s)
FROM t;
