CREATE TABLE t (id INT, x INT, y INT, lo INT, hi INT, s STRING, d DATE) WITH ('connector'='filesystem','path'='data/fn_b_in.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  x IN (1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25),
  x NOT IN (1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,CAST(NULL AS INT)),
  s IN ('a', ''),
  s NOT IN ('a', CAST(NULL AS STRING)),
  d IN (DATE '2026-01-01', DATE '1970-01-01'),
  x BETWEEN lo AND hi,
  x NOT BETWEEN lo AND hi,
  x BETWEEN SYMMETRIC lo AND hi
FROM t;
