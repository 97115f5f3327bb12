CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_b_text_num.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  CAST(s AS TINYINT)
FROM t
WHERE id NOT IN (11, 13, 14, 15, 16, 17, 18, 19, 20, 25, 26, 27, 28, 29, 30, 31, 32, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 46, 47, 48, 49, 53, 54, 55, 56, 57, 58, 59, 6, 60, 7, 8);
