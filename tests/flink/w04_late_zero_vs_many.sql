-- The same file with no delay and 5-minute windows, per key.
CREATE TABLE late (
  id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts
) WITH ('connector'='filesystem', 'path'='data/late.csv', 'format'='csv');

SELECT k, window_start, window_end, COUNT(*) AS c, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE late, DESCRIPTOR(ts), INTERVAL '5' MINUTES))
GROUP BY k, window_start, window_end;
