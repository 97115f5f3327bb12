-- Expressions over window columns of a HOP without aggregation: seconds since the window began.
CREATE TABLE neg (
  id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND
) WITH ('connector'='filesystem', 'path'='data/nx_neg.csv', 'format'='csv');

SELECT id, k, TIMESTAMPDIFF(SECOND, window_start, ts) AS since, TIMESTAMPDIFF(SECOND, window_start, window_end) AS len, window_start
FROM TABLE(HOP(TABLE neg, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '20' SECOND)) WHERE MOD(id, 5) = 0;
