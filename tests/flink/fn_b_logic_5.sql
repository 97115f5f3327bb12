CREATE TABLE t (id INT, a BOOLEAN, b BOOLEAN) WITH ('connector'='filesystem','path'='data/fn_b_bool.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  COALESCE(a, b),
  NULLIF(a, b),
  IFNULL(a, b),
  IF(a, 1, 0),
  CASE WHEN a THEN 1 WHEN b THEN 2 ELSE 3 END,
  CASE a WHEN b THEN 'same' ELSE 'other' END,
  CAST(a AS STRING),
  CAST(a AS INT)
FROM t;
