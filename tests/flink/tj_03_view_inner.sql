-- Versions by a deduplicating view.
CREATE TABLE o (
  id INT, cur STRING, amount INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_o.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE r (
  ver STRING, cur STRING, rate DOUBLE, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_rates.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TEMPORARY VIEW v AS SELECT ver, cur, rate, ts FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY cur ORDER BY ts DESC) AS rn FROM r) WHERE rn = 1;

SELECT o.id, o.cur, o.ts, r.ver, r.rate, r.ts AS rts FROM o JOIN v FOR SYSTEM_TIME AS OF o.ts AS r ON o.cur = r.cur;
