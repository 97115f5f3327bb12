-- A record with text behind a quote that closes a field is left out where errors are.
CREATE TABLE t (id INT, s STRING) WITH ('connector'='filesystem', 'path'='data/stray.csv', 'format'='csv', 'csv.ignore-parse-errors'='true');
SELECT id, s FROM t;
