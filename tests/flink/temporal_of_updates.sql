-- the versions of a table whose rows are updated and deleted: the row before an update is no end of its key
CREATE TABLE cp (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector'='filesystem','path'='data/temporal_changes.json','format'='debezium-json');
CREATE TABLE e (id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' HOUR) WITH ('connector'='filesystem','path'='data/temporal_events.csv','format'='csv','csv.null-literal'='N');
SELECT e.id, x.v, x.ts FROM e LEFT JOIN cp FOR SYSTEM_TIME AS OF e.ts AS x ON e.v = x.id;
