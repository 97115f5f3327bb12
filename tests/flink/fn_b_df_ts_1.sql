SET 'table.local-time-zone' = 'UTC';
CREATE TABLE t (id INT, ts TIMESTAMP(3), ts9 TIMESTAMP(9), ts0 TIMESTAMP(0), d DATE, tm TIME, ms BIGINT, n INT, l AS TO_TIMESTAMP_LTZ(ms, 3)) WITH ('connector'='filesystem','path'='data/fn_b_ts.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  DATE_FORMAT(ts, 'yyyy-MM-dd HH:mm:ss'),
  DATE_FORMAT(ts, 'yyyy-MM-dd HH:mm:ss.SSS'),
  DATE_FORMAT(ts, 'yyyyMMddHHmmss'),
  DATE_FORMAT(ts, 'yy-M-d H:m:s'),
  DATE_FORMAT(ts, 'yyyy'),
  DATE_FORMAT(ts, 'yyy'),
  DATE_FORMAT(ts, 'y'),
  DATE_FORMAT(ts, 'u')
FROM t;
