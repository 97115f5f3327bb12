-- SESSION grouped by window_start only: the sessions are cut first, so late rows are still dropped.
CREATE TABLE ss (
  id INT, k STRING, g STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_sess.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, COUNT(*) AS c, SUM(v) AS s, SUM(id) AS ids, MAX(window_end) AS we
FROM TABLE(SESSION(TABLE ss PARTITION BY k, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start;
