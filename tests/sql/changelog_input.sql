-- Changes of a database's table: full ones, ones by key, and a join with what was valid at a time.
CREATE TABLE t (id INT PRIMARY KEY NOT ENFORCED, name STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector'='filesystem', 'path'='data/changes.json', 'format'='debezium-json');
SELECT id, name, v FROM t;
SELECT COUNT(*) AS n, SUM(v) AS s, MAX(name) AS m FROM t;
SELECT name FROM t WHERE v < 10;
CREATE TABLE orders (o INT, id INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector'='filesystem', 'path'='data/orders_of_changes.csv', 'format'='csv');
SELECT o, t.v FROM orders LEFT JOIN t FOR SYSTEM_TIME AS OF orders.ts ON orders.id = t.id;
-- Rows that each replace the one before of their key.
CREATE TABLE last_order (o INT, id INT, ts TIMESTAMP(3), PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector'='filesystem', 'path'='data/orders_of_changes.csv', 'format'='csv', 'scan.changelog-mode'='upsert');
SELECT id, o FROM last_order;
SELECT COUNT(*) AS n, SUM(o) AS s FROM last_order;
-- What changes can be written as changes.
CREATE TABLE totals (n BIGINT, s INT) WITH ('connector'='filesystem', 'path'='${out}/totals', 'format'='debezium-json');
INSERT INTO totals SELECT COUNT(*), SUM(v) FROM t;
SELECT * FROM totals;
EXPLAIN CHANGELOG_MODE SELECT name FROM t;
