SET 'table.local-time-zone' = 'UTC';
CREATE TABLE t (id INT, ts TIMESTAMP(3), ts9 TIMESTAMP(9), ts0 TIMESTAMP(0), d DATE, tm TIME, ms BIGINT, n INT, l AS TO_TIMESTAMP_LTZ(ms, 3)) WITH ('connector'='filesystem','path'='data/fn_b_ts.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  TIMESTAMPADD(SECOND, n, ts),
  TIMESTAMPADD(MINUTE, n, ts),
  TIMESTAMPADD(HOUR, n, ts),
  TIMESTAMPADD(DAY, n, ts),
  TIMESTAMPADD(WEEK, n, ts),
  TIMESTAMPADD(MONTH, n, ts),
  TIMESTAMPADD(QUARTER, n, ts),
  TIMESTAMPADD(YEAR, n, ts)
FROM t;
