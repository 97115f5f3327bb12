-- Points in time of whole seconds come back from Parquet, whose columns are found out, and in views of a file.
CREATE TABLE p (id INT, a TIMESTAMP(0), b TIME(0), r ROW<c TIMESTAMP(0)>)
  WITH ('connector' = 'filesystem', 'path' = '${out}/seconds', 'format' = 'parquet');
INSERT INTO p VALUES (1, TIMESTAMP '2024-01-01 00:00:01', TIME '01:02:03', ROW(TIMESTAMP '1969-12-31 23:59:59')), (2, NULL, NULL, NULL);
CREATE TABLE found WITH ('connector' = 'filesystem', 'path' = '${out}/seconds', 'format' = 'parquet');

SELECT id, CAST(a AS STRING) AS a, CAST(b AS STRING) AS b, r.c AS c FROM found;
