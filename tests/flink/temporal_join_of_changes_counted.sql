-- Above a temporal join whose left rows change: what an inner join gave is taken back from groups.
CREATE TABLE moved (id INT, k STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'filesystem', 'path' = 'data/moved.json', 'format' = 'debezium-json');
CREATE TABLE moved_rates (k STRING, rate INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND, PRIMARY KEY (k) NOT ENFORCED)
WITH ('connector' = 'filesystem', 'path' = 'data/moved_rates.json', 'format' = 'debezium-json');

SELECT r.rate, COUNT(*) AS c, SUM(x.id) AS s FROM moved AS x JOIN moved_rates FOR SYSTEM_TIME AS OF x.ts AS r ON x.k = r.k GROUP BY r.rate;
