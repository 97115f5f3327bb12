-- CUMULATE on both sides of 1970-01-01, per key.
CREATE TABLE neg (
  id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' MINUTE
) WITH ('connector'='filesystem', 'path'='data/nx_neg.csv', 'format'='csv');

SELECT k, window_start, window_end, COUNT(*) AS c, SUM(v) AS s, SUM(id) AS ids
FROM TABLE(CUMULATE(TABLE neg, DESCRIPTOR(ts), INTERVAL '7' SECOND, INTERVAL '21' SECOND))
GROUP BY k, window_start, window_end;
