-- COUNT SUM AVG MIN MAX of every type with nulls, wrap-around of SUM(INT), truncation of AVG(INT); FLOAT/DOUBLE data are exact binary fractions.
CREATE TABLE ev (
  id INT, k STRING, v INT, b BIGINT, d DOUBLE, p DECIMAL(10,2), s STRING, flag BOOLEAN, t TIMESTAMP(3), ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/ev.json', 'format'='json');

SELECT window_start, COUNT(*) AS n, COUNT(v) AS nv, SUM(v) AS sv, AVG(v) AS av, MIN(v) AS mnv, MAX(v) AS mxv,
  SUM(b) AS sb, AVG(b) AS ab, MIN(b) AS mnb, MAX(b) AS mxb,
  SUM(d) AS sd, MIN(d) AS mnd, MAX(d) AS mxd,
  SUM(p) AS sp, AVG(p) AS ap, MIN(p) AS mnp, MAX(p) AS mxp,
  MIN(s) AS mns, MAX(s) AS mxs, COUNT(s) AS ns, MIN(t) AS mnt, MAX(t) AS mxt, COUNT(flag) AS nf
FROM TABLE(TUMBLE(TABLE ev, DESCRIPTOR(ts), INTERVAL '5' MINUTE))
GROUP BY window_start, window_end;
