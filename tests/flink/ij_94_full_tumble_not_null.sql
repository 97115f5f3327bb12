-- Padded times filtered away, then TUMBLE by the left rowtime above an interval FULL JOIN.
CREATE TABLE l (
  id INT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_l.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE r (
  id INT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_r.csv', 'format'='csv', 'csv.null-literal'='');

CREATE TEMPORARY VIEW j AS SELECT l.id AS lid, r.id AS rid, l.ts AS lts, r.ts AS rts FROM l FULL JOIN r ON l.k = r.k AND r.ts BETWEEN l.ts - INTERVAL '2' SECOND AND l.ts + INTERVAL '5' SECOND;
CREATE TEMPORARY VIEW jn AS SELECT * FROM j WHERE lts IS NOT NULL;
SELECT window_start, window_end, COUNT(*) AS n, COUNT(lid) AS nl, COUNT(rid) AS nr FROM TABLE(TUMBLE(TABLE jn, DESCRIPTOR(lts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
