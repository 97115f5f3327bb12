-- CSV with tab delimiter, single quote character, escape character, comments, null-literal, array column.
CREATE TABLE q (id INT, a STRING, b STRING, xs ARRAY<INT>, n INT) WITH ('connector'='filesystem', 'path'='data/custom.csv', 'format'='csv', 'csv.field-delimiter'='	', 'csv.quote-character'='''', 'csv.escape-character'='\', 'csv.allow-comments'='true', 'csv.null-literal'='NONE', 'csv.array-element-delimiter'=';');

SELECT id, REPLACE(a, CHR(9), '<TAB>') AS a, b, xs, CARDINALITY(xs) AS c, n FROM q;
