-- HOP windows on both sides of 1970-01-01.
CREATE TABLE neg (
  id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE
) WITH ('connector'='filesystem', 'path'='data/nx_neg.csv', 'format'='csv');

SELECT window_start, window_end, COUNT(*) AS c, SUM(v) AS s, SUM(id) AS ids
FROM TABLE(HOP(TABLE neg, DESCRIPTOR(ts), INTERVAL '4' SECOND, INTERVAL '12' SECOND))
GROUP BY window_start, window_end;
