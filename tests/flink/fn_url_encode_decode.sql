CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_urlenc.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  URL_ENCODE(s),
  URL_DECODE(s),
  URL_DECODE(URL_ENCODE(s)),
  URL_ENCODE(URL_DECODE(s))
FROM t;
