CREATE TABLE t (id INT, s STRING, n INT) WITH ('connector'='filesystem','path'='data/csv_trailing.csv','format'='csv');
SELECT id, s IS NULL, CHAR_LENGTH(s), n FROM t;
