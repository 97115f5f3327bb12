-- Versions out of windows, deduplicated.
CREATE TABLE o (
  id INT, cur STRING, amount INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_o.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE r (
  ver STRING, cur STRING, rate DOUBLE, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_rates.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TEMPORARY VIEW w AS SELECT cur, MAX(rate) AS rate, window_time AS wt FROM TABLE(TUMBLE(TABLE r, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY cur, window_start, window_end, window_time;
CREATE TEMPORARY VIEW v AS SELECT cur, rate, wt FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY cur ORDER BY wt DESC) AS rn FROM w) WHERE rn = 1;

SELECT o.id, o.cur, r.rate, r.wt FROM o LEFT JOIN v FOR SYSTEM_TIME AS OF o.ts AS r ON o.cur = r.cur;
