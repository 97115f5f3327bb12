-- SESSION partitioned by k but grouped by g.
CREATE TABLE ss (
  id INT, k STRING, g STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_sess.csv', 'format'='csv', 'csv.null-literal'='');

SELECT g, window_start, window_end, COUNT(*) AS c, SUM(v) AS s, SUM(id) AS ids
FROM TABLE(SESSION(TABLE ss PARTITION BY k, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY g, window_start, window_end;
