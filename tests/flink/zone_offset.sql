SET 'table.local-time-zone' = 'GMT-08:00';
CREATE TABLE e (id INT, ts TIMESTAMP(3), ms BIGINT, lz AS TO_TIMESTAMP_LTZ(ms, 3)) WITH ('connector'='filesystem','path'='data/zone_points.csv','format'='csv','csv.null-literal'='NULL');
SELECT id, CAST(lz AS STRING), lz < ts, DATE_FORMAT(lz, 'yyyy-MM-dd HH'), EXTRACT(HOUR FROM lz), FROM_UNIXTIME(id * 3600) FROM e;
