CREATE TABLE t (id INT, n INT, a STRING, b STRING) WITH ('connector'='filesystem','path'='data/fn_elt.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  ELT(n, a, b),
  ELT(n, a),
  ELT(n, 'x', a, 'lonk', b)
FROM t;
