-- SESSION with named arguments and the big delay: nothing late.
CREATE TABLE ss (
  id INT, k STRING, g STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '10' MINUTE
) WITH ('connector'='filesystem', 'path'='data/nx_sess.csv', 'format'='csv', 'csv.null-literal'='');

SELECT k, window_start, window_end, window_time, COUNT(*) AS c, SUM(v) AS s, SUM(id) AS ids
FROM TABLE(SESSION(DATA => TABLE ss PARTITION BY k, TIMECOL => DESCRIPTOR(ts), GAP => INTERVAL '5' SECOND))
GROUP BY k, window_start, window_end, window_time;
