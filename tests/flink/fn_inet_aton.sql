CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_inet.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  INET_ATON(s),
  INET_NTOA(INET_ATON(s))
FROM t;
