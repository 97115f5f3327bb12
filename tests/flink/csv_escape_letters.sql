-- Behind an escape character n, t, r and 0 stand for a line break, a tab, a return and a zero.
CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem', 'path'='data/escaped_letters.csv', 'format'='csv', 'csv.escape-character'='\');
SELECT id, HEX(s) AS h FROM t;
