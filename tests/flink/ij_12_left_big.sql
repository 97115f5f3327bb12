-- LEFT JOIN of 300 rows by 300, out of order, none late.
CREATE TABLE l (
  id INT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_l2.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE r (
  id INT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_r2.csv', 'format'='csv', 'csv.null-literal'='');

SELECT l.id AS lid, r.id AS rid FROM l LEFT JOIN r ON l.k = r.k AND r.ts BETWEEN l.ts - INTERVAL '2' SECOND AND l.ts + INTERVAL '5' SECOND;
