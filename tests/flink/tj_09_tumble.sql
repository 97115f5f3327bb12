-- Windows by the order time above.
CREATE TABLE o (
  id INT, cur STRING, amount INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_o.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE r (
  ver STRING, cur STRING, rate DOUBLE, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,
  PRIMARY KEY (cur) NOT ENFORCED
) WITH ('connector'='filesystem', 'path'='data/jn_rates.csv', 'format'='csv', 'csv.null-literal'='');

SELECT window_start, COUNT(*) AS n, COUNT(ver) AS m FROM TABLE(TUMBLE((SELECT o.id, o.ts, r.ver FROM o LEFT JOIN r FOR SYSTEM_TIME AS OF o.ts AS r ON o.cur = r.cur), DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
