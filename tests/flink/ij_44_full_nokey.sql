-- FULL JOIN on an interval without a key.
CREATE TABLE l (
  id INT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_l.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE r (
  id INT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_r.csv', 'format'='csv', 'csv.null-literal'='');

SELECT l.id AS lid, r.id AS rid FROM l FULL JOIN r ON r.ts BETWEEN l.ts AND l.ts + INTERVAL '1' SECOND;
