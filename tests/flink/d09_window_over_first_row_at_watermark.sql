-- The first row of b has just the time of the watermark: deduplication takes it, the window above is complete.
CREATE TABLE t (k STRING, x BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'data/first_row_at_watermark.csv', 'format' = 'csv');

CREATE TEMPORARY VIEW firsts AS
SELECT k, x, ts FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts) AS rn FROM t) WHERE rn = 1;

SELECT window_start, COUNT(*) AS c, SUM(x) AS s
FROM TABLE(TUMBLE(TABLE firsts, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;
