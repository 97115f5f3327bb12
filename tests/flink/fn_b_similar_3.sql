CREATE TABLE t (id INT, s STRING, p STRING) WITH ('connector'='filesystem','path'='data/fn_b_like.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  s SIMILAR TO 'a%',
  s SIMILAR TO '(a|b)_c',
  s SIMILAR TO '[a-c]+',
  s SIMILAR TO 'a!_c' ESCAPE '!',
  s NOT SIMILAR TO '%[0-9]%',
  s SIMILAR TO '%(b|d)%',
  s SIMILAR TO '_',
  s SIMILAR TO ''
FROM t;
