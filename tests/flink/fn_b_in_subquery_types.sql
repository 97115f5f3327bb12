SET 'table.local-time-zone' = 'UTC';
CREATE TABLE t (id INT, a DECIMAL(10,2), b DECIMAL(38,18), c DECIMAL(38,0), e DECIMAL(5,5), g DECIMAL(4,1), n INT) WITH ('connector'='filesystem','path'='data/fn_b_dec.csv','format'='csv','csv.null-literal'='NULL');
CREATE TABLE t2 (id INT, x INT, y INT, lo INT, hi INT, s STRING, d DATE) WITH ('connector'='filesystem','path'='data/fn_b_in.csv','format'='csv','csv.null-literal'='NULL');
SELECT id, n FROM t WHERE n IN (SELECT y FROM t2);
