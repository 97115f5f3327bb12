-- A window over UNION ALL of two ordered files with different watermark delays: the watermark is the minimum of both, nothing is late.
CREATE TABLE l (
  k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts
) WITH ('connector'='filesystem', 'path'='data/left.csv', 'format'='csv');
CREATE TABLE r (
  k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '30' SECOND
) WITH ('connector'='filesystem', 'path'='data/right.csv', 'format'='csv');

CREATE TEMPORARY VIEW u AS SELECT k, v, ts, 'l' AS side FROM l UNION ALL SELECT k, v * 10, ts, 'r' FROM r WHERE v <> 0;
SELECT k, window_start, COUNT(*) AS c, SUM(v) AS s, COUNT(*) FILTER (WHERE side = 'l') AS cl, MIN(side) AS mn
FROM TABLE(TUMBLE(TABLE u, DESCRIPTOR(ts), INTERVAL '2' MINUTE))
GROUP BY k, window_start, window_end;
