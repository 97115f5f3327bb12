-- Window by the left rowtime, grouped by key too.
CREATE TABLE l (
  id INT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_l.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE r (
  id INT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_r.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, k, COUNT(*) AS n, MAX(rts) AS m FROM TABLE(TUMBLE((SELECT l.k, l.ts AS lts, r.ts AS rts FROM l JOIN r ON l.k = r.k AND r.ts BETWEEN l.ts - INTERVAL '2' SECOND AND l.ts + INTERVAL '5' SECOND), DESCRIPTOR(lts), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, k;
