-- Versions that come late and are older than what the orders need.
CREATE TABLE o (
  id INT, cur STRING, amount INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '0' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_o_after.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE r (
  ver STRING, cur STRING, rate DOUBLE, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '0' SECOND,
  PRIMARY KEY (cur) NOT ENFORCED
) WITH ('connector'='filesystem', 'path'='data/jn_rates_late.csv', 'format'='csv', 'csv.null-literal'='');

SELECT o.id, o.cur, o.ts, r.ver, r.rate, r.ts AS rts FROM o JOIN r FOR SYSTEM_TIME AS OF o.ts AS r ON o.cur = r.cur;
