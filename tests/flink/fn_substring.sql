CREATE TABLE t (id INT, s STRING, p INT, n INT) WITH ('connector'='filesystem','path'='data/fn_pos.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  SUBSTRING(s FROM p),
  SUBSTRING(s FROM p FOR n),
  SUBSTRING(s, p, n),
  SUBSTR(s, p),
  SUBSTR(s, p, n)
FROM t WHERE n IS NULL OR n >= 0;
