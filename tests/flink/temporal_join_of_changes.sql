-- A temporal join whose left rows change: they take back what they gave.
CREATE TABLE moved (id INT, k STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'filesystem', 'path' = 'data/moved.json', 'format' = 'debezium-json');
CREATE TABLE moved_rates (k STRING, rate INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND, PRIMARY KEY (k) NOT ENFORCED)
WITH ('connector' = 'filesystem', 'path' = 'data/moved_rates.json', 'format' = 'debezium-json');

SELECT x.id, x.k, r.rate FROM moved AS x LEFT JOIN moved_rates FOR SYSTEM_TIME AS OF x.ts AS r ON x.k = r.k;
