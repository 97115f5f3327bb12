CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_strs.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  MD5(s),
  SHA1(s),
  SHA224(s),
  SHA256(s),
  SHA384(s),
  SHA512(s)
FROM t;
