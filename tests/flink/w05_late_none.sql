-- The same file with a 20 minute delay: nothing is late.
CREATE TABLE late (
  id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '20' MINUTE
) WITH ('connector'='filesystem', 'path'='data/late.csv', 'format'='csv');

SELECT k, window_start, window_end, COUNT(*) AS c, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE late, DESCRIPTOR(ts), INTERVAL '5' MINUTES))
GROUP BY window_end, k, window_start;
