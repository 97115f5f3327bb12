SET 'table.local-time-zone' = 'UTC';
CREATE TABLE t (id INT, x INT, y INT, lo INT, hi INT, s STRING, d DATE) WITH ('connector'='filesystem','path'='data/fn_b_in.csv','format'='csv','csv.null-literal'='NULL');
CREATE TABLE t2 (id INT, x INT, y INT, lo INT, hi INT, s STRING, d DATE) WITH ('connector'='filesystem','path'='data/fn_b_in.csv','format'='csv','csv.null-literal'='NULL');
SELECT id, x FROM t WHERE x IN (SELECT y FROM t2 WHERE y > 100);
