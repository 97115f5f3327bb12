-- Lateness of 0 to 15 minutes against a 60 s watermark delay, boundaries at exactly 60 s and 59.999 s; SUM(id) tells which rows were kept.
CREATE TABLE late (
  id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '60' SECOND
) WITH ('connector'='filesystem', 'path'='data/late.csv', 'format'='csv');

SELECT window_start, COUNT(*) AS c, SUM(id) AS ids, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE late, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end;
