SET 'table.local-time-zone' = 'UTC';
CREATE TABLE t (id INT, ts TIMESTAMP(3), ts9 TIMESTAMP(9), ts0 TIMESTAMP(0), d DATE, tm TIME, ms BIGINT, n INT, l AS TO_TIMESTAMP_LTZ(ms, 3)) WITH ('connector'='filesystem','path'='data/fn_b_ts.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  DATE_FORMAT(ts, 'h'),
  DATE_FORMAT(ts, 'hh'),
  DATE_FORMAT(ts, 'H'),
  DATE_FORMAT(ts, 'K'),
  DATE_FORMAT(ts, 'k'),
  DATE_FORMAT(ts, 'kk'),
  DATE_FORMAT(ts, 'm'),
  DATE_FORMAT(ts, 's')
FROM t;
