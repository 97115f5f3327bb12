SET 'table.local-time-zone' = 'UTC';
CREATE TABLE t (id INT, x TIMESTAMP(3), y TIMESTAMP(3), dx DATE, dy DATE, tx TIME, ty TIME, lx AS CAST(x AS TIMESTAMP_LTZ(3)), ly AS CAST(y AS TIMESTAMP_LTZ(3))) WITH ('connector'='filesystem','path'='data/fn_b_tspair.csv','format'='csv','csv.null-literal'='NULL');
SELECT id,
  (x, y) OVERLAPS (y, x),
  NOT (dx, dy) OVERLAPS (dx, dy)
FROM t;
