-- Each row with the rows that a table has when it comes.
CREATE TABLE o (o INT, id INT, ts TIMESTAMP(3), proc AS PROCTIME())
WITH ('connector'='filesystem', 'path'='data/orders_of_changes.csv', 'format'='csv');
CREATE TABLE d (id INT, name STRING) WITH ('connector'='filesystem', 'path'='data/dimension.csv', 'format'='csv');
SELECT o, name FROM o JOIN d FOR SYSTEM_TIME AS OF o.proc ON o.id = d.id;
SELECT o, name FROM o LEFT JOIN d FOR SYSTEM_TIME AS OF o.proc AS e ON o.id = e.id AND e.name <> 'two';
SELECT name, COUNT(*) AS n FROM o JOIN d FOR SYSTEM_TIME AS OF o.proc ON o.id = d.id GROUP BY name;
EXPLAIN SELECT o, UPPER(name) FROM o JOIN d FOR SYSTEM_TIME AS OF o.proc ON o.id = d.id;
