CREATE TABLE t (id INT, s STRING, p STRING) WITH ('connector'='filesystem','path'='data/fn_b_like.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  s LIKE p ESCAPE '!',
  s NOT LIKE p ESCAPE '!'
FROM t
WHERE id NOT IN (13, 34);
