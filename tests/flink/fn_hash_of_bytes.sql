CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_strs.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  MD5(CAST(s AS BYTES)),
  SHA1(CAST(s AS BYTES)),
  SHA256(CAST(s AS BYTES)),
  MD5(ENCODE(s, 'UTF-16LE')),
  SHA2(CAST(s AS BYTES), 256)
FROM t;
