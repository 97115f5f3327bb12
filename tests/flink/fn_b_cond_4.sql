CREATE TABLE t (id INT, x INT, y INT, lo INT, hi INT, s STRING, d DATE) WITH ('connector'='filesystem','path'='data/fn_b_in.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  LEAST(x, 2.5e0),
  GREATEST(s, 'b'),
  LEAST(s, 'b'),
  GREATEST(d, DATE '2000-01-01'),
  GREATEST(x),
  IF(x > 0, d, CAST(NULL AS DATE)),
  CASE WHEN x > 2 THEN TIMESTAMP '2026-01-01 00:00:00' ELSE TIMESTAMP '2026-01-01 00:00:00.123' END,
  NULLIF(d, DATE '2026-01-01')
FROM t;
