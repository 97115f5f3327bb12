CREATE TABLE t (id INT, s STRING, p INT, n INT) WITH ('connector'='filesystem','path'='data/fn_pos.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  LEFT(s, p),
  RIGHT(s, p)
FROM t;
