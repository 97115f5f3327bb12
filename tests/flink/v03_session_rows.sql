-- SESSION without aggregation: rows come out when their session closes; rows that are late after merging are dropped.
CREATE TABLE ss (
  id INT, k STRING, g STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_sess.csv', 'format'='csv', 'csv.null-literal'='');

SELECT * FROM TABLE(SESSION(TABLE ss PARTITION BY k, DESCRIPTOR(ts), INTERVAL '10' SECOND));
