CREATE TABLE t (id INT, n BIGINT) WITH ('connector'='filesystem','path'='data/fn_inetn.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  INET_NTOA(n),
  INET_ATON(INET_NTOA(n))
FROM t;
