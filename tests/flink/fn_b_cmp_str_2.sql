CREATE TABLE t (id INT, s STRING, c STRING) WITH ('connector'='filesystem','path'='data/fn_b_str.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  s <= 'a ',
  CAST(s AS CHAR(3)) = 'a  ',
  CAST(s AS CHAR(3)) = s,
  CAST(s AS CHAR(3)) = CAST('a' AS CHAR(5)),
  s IN (c, 'b'),
  s BETWEEN SYMMETRIC 'z' AND 'a',
  NULLIF(s, c),
  s = 'é'
FROM t;
