CREATE TABLE t (id INT, t TINYINT, s SMALLINT, i INT, b BIGINT) WITH ('connector'='filesystem','path'='data/fn_b_int.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  TYPEOF(MOD(i, b)),
  TYPEOF(MOD(b, i))
FROM t
WHERE id NOT IN (1);
