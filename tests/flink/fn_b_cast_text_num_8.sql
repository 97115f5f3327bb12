CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem','path'='data/fn_b_text_num.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  CAST(s AS BOOLEAN)
FROM t
WHERE id NOT IN (10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 3, 30, 31, 32, 33, 34, 35, 4, 45, 46, 47, 48, 49, 5, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 6, 60, 61, 62, 7, 8);
