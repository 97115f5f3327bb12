-- A table whose versions are joined is counted by others as it is.
CREATE TABLE cr (cur STRING, rate DECIMAL(10, 4), ts TIMESTAMP(3), WATERMARK FOR ts AS ts, PRIMARY KEY (cur) NOT ENFORCED) WITH ('connector'='filesystem', 'path'='data/temporal_rates_deleted.json', 'format'='debezium-json');
CREATE TABLE o (id INT, usr STRING, cur STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector'='filesystem', 'path'='data/temporal_orders.json', 'format'='json');

SELECT cur, COUNT(*) AS n FROM cr GROUP BY cur
UNION ALL SELECT 'joined', COUNT(*) FROM (SELECT o.id FROM o LEFT JOIN cr FOR SYSTEM_TIME AS OF o.ts AS r ON o.cur = r.cur);
