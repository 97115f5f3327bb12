-- Windows of every kind over an empty file: no rows at all, not even for a keyless window.
CREATE TABLE empt (
  id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts
) WITH ('connector'='filesystem', 'path'='data/nx_empty.csv', 'format'='csv');

SELECT window_start, window_end, COUNT(*) AS c FROM TABLE(HOP(TABLE empt, DESCRIPTOR(ts), INTERVAL '4' SECOND, INTERVAL '12' SECOND)) GROUP BY window_start, window_end;
SELECT window_start, window_end, COUNT(*) AS c FROM TABLE(CUMULATE(TABLE empt, DESCRIPTOR(ts), INTERVAL '4' SECOND, INTERVAL '12' SECOND)) GROUP BY window_start, window_end;
SELECT k, window_start, window_end, COUNT(*) AS c FROM TABLE(SESSION(TABLE empt PARTITION BY k, DESCRIPTOR(ts), INTERVAL '4' SECOND)) GROUP BY k, window_start, window_end;
SELECT SESSION_START(ts, INTERVAL '4' SECOND) AS s, COUNT(*) AS c FROM empt GROUP BY SESSION(ts, INTERVAL '4' SECOND);
SELECT * FROM TABLE(HOP(TABLE empt, DESCRIPTOR(ts), INTERVAL '4' SECOND, INTERVAL '12' SECOND));
SELECT k, GROUPING(k) AS g, COUNT(*) AS c FROM TABLE(TUMBLE(TABLE empt, DESCRIPTOR(ts), INTERVAL '4' SECOND)) GROUP BY window_start, window_end, GROUPING SETS ((k), ());
