CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_b64.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  TO_BASE64(s),
  FROM_BASE64(TO_BASE64(s))
FROM t;
