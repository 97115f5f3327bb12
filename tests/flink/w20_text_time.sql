-- Event time computed from text by TO_TIMESTAMP(text, format) in a computed column, pipe-delimited CSV.
CREATE TABLE tt (
  txt STRING, state STRING, n INT, ts AS TO_TIMESTAMP(txt, 'dd/MM/yyyy HH-mm-ss'), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND
) WITH ('connector'='filesystem', 'path'='data/text_time.csv', 'format'='csv', 'csv.field-delimiter'='|');

SELECT state, window_start, window_end, COUNT(*) AS c, SUM(n) AS s, MIN(txt) AS mn, MAX(ts) AS mx
FROM TABLE(TUMBLE(TABLE tt, DESCRIPTOR(ts), INTERVAL '4' MINUTE))
GROUP BY state, window_start, window_end;
