CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_strs2.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  DECODE(ENCODE(s, 'UTF-8'), 'UTF-8'),
  DECODE(ENCODE(s, 'UTF-16'), 'UTF-16'),
  DECODE(ENCODE(s, 'UTF-16BE'), 'UTF-16BE'),
  DECODE(ENCODE(s, 'UTF-16LE'), 'UTF-16LE'),
  DECODE(ENCODE(s, 'US-ASCII'), 'US-ASCII'),
  DECODE(ENCODE(s, 'ISO-8859-1'), 'ISO-8859-1'),
  DECODE(ENCODE(s, 'utf8'), 'utf8')
FROM t;
