CREATE TABLE t (id INT, x INT, y INT, lo INT, hi INT, s STRING, d DATE) WITH ('connector'='filesystem','path'='data/fn_b_in.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  CASE x WHEN 1 THEN 'one' WHEN 5 THEN 'five' END,
  CASE x WHEN y THEN 'y' WHEN lo THEN 'lo' ELSE 'none' END,
  CASE WHEN x > 2 THEN x WHEN y > 0 THEN 1.5 ELSE 0 END,
  CASE WHEN x > 2 THEN 1e0 ELSE x END,
  CASE WHEN x IS NULL THEN d ELSE DATE '2000-01-01' END,
  CASE WHEN x < 0 THEN 'neg' WHEN x = 0 THEN 'zero' WHEN x < 5 THEN 'a longer text' END,
  CASE WHEN x > 2 THEN CAST('ab' AS CHAR(5)) ELSE 'c' END,
  CASE WHEN x > y THEN NULL ELSE x END
FROM t;
