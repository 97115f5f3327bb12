-- GROUP BY window_start without window_end is a plain group aggregate: late rows count.
CREATE TABLE late (
  id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts
) WITH ('connector'='filesystem', 'path'='data/late.csv', 'format'='csv');

SELECT window_start, COUNT(*) AS c, SUM(id) AS ids, MAX(v) AS mx
FROM TABLE(TUMBLE(TABLE late, DESCRIPTOR(ts), INTERVAL '10' MINUTE))
GROUP BY window_start;
