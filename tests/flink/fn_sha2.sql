CREATE TABLE t (id INT, s STRING, n INT) WITH ('connector'='filesystem','path'='data/fn_sha2.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  SHA2(s, n),
  SHA2(s, 256),
  SHA2(s, 224),
  SHA2(s, 384),
  SHA2(s, 512)
FROM t;
