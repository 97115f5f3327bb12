-- SESSION without PARTITION BY and without aggregation over a filter.
CREATE TABLE ss (
  id INT, k STRING, g STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_sess.csv', 'format'='csv', 'csv.null-literal'='');

SELECT id, g, window_start, window_end, window_time FROM TABLE(SESSION(TABLE ss, DESCRIPTOR(ts), INTERVAL '4' SECOND)) WHERE g <> 'z';
