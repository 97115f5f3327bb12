CREATE TABLE p (a INT, b INT) WITH ('connector' = 'print');
INSERT INTO p SELECT 1;
