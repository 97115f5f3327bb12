SET 'table.local-time-zone' = 'Europe/Berlin';
CREATE TABLE t (id INT, ts TIMESTAMP(3), ts9 TIMESTAMP(9), ts0 TIMESTAMP(0), d DATE, tm TIME, ms BIGINT, n INT, l AS TO_TIMESTAMP_LTZ(ms, 3)) WITH ('connector'='filesystem','path'='data/fn_b_ts.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  EXTRACT(DECADE FROM l),
  EXTRACT(CENTURY FROM l),
  EXTRACT(MILLENNIUM FROM l)
FROM t;
