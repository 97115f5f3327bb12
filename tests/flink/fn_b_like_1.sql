CREATE TABLE t (id INT, s STRING, p STRING) WITH ('connector'='filesystem','path'='data/fn_b_like.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  s LIKE p,
  s NOT LIKE p,
  s LIKE 'a%',
  s LIKE '%b%',
  s LIKE '%c',
  s LIKE 'abc',
  s LIKE '_b_',
  s LIKE 'a!_c' ESCAPE '!'
FROM t;
