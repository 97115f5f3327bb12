-- A window TVF alone gives every row its window, late rows included; window_time is window_end minus 1 ms.
CREATE TABLE late (
  id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts
) WITH ('connector'='filesystem', 'path'='data/late.csv', 'format'='csv');

SELECT id, k, ts, window_start, window_end, window_time, v + 1 AS v1
FROM TABLE(TUMBLE(TABLE late, DESCRIPTOR(ts), INTERVAL '3' MINUTE)) WHERE MOD(id, 2) = 0;
