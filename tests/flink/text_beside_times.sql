-- A text that is no time is equal to none, and among a list all are texts.
CREATE TABLE t (s STRING, d DATE, ts TIMESTAMP(3), i INT)
WITH ('connector'='filesystem', 'path'='data/texts.csv', 'format'='csv', 'csv.null-literal'='');

SELECT s, s = d, s <> d, ts = s, s <> ts, s IN (DATE '2024-01-01', DATE '2024-01-02'), s IN (1, 12, 300), s NOT IN (1.5, 12)
FROM t;
