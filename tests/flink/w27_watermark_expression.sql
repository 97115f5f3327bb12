-- A watermark expression with CASE: rows of one key carry a large delay, but the watermark never goes back.
CREATE TABLE late (
  id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS CASE WHEN k = 'a' THEN ts - INTERVAL '5' MINUTE WHEN v > 5 THEN TIMESTAMPADD(SECOND, -30, ts) ELSE ts END
) WITH ('connector'='filesystem', 'path'='data/late.csv', 'format'='csv');

SELECT k, window_start, COUNT(*) AS c, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE late, DESCRIPTOR(ts), INTERVAL '2' MINUTE))
GROUP BY k, window_start, window_end;
