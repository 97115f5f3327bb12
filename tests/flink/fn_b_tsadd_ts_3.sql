SET 'table.local-time-zone' = 'UTC';
CREATE TABLE t (id INT, ts TIMESTAMP(3), ts9 TIMESTAMP(9), ts0 TIMESTAMP(0), d DATE, tm TIME, ms BIGINT, n INT, l AS TO_TIMESTAMP_LTZ(ms, 3)) WITH ('connector'='filesystem','path'='data/fn_b_ts.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  TIMESTAMPADD(MONTH, 12, ts),
  TIMESTAMPADD(DAY, 100000, ts),
  TIMESTAMPADD(HOUR, 1000000, ts),
  TIMESTAMPADD(SECOND, 2147483647, ts)
FROM t;
