-- The same with an offset, and a size that does not divide the epoch evenly.
CREATE TABLE neg (
  k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/neg.csv', 'format'='csv');

SELECT window_start, window_end, COUNT(*) AS c, SUM(v) AS s
FROM TABLE(TUMBLE(TABLE neg, DESCRIPTOR(ts), INTERVAL '95' SECOND, INTERVAL '11' SECOND))
GROUP BY window_start, window_end;
