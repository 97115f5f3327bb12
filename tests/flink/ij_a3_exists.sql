-- EXISTS with an interval.
CREATE TABLE l (
  id INT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_l.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE r (
  id INT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_r.csv', 'format'='csv', 'csv.null-literal'='');

SELECT l.id, l.ts FROM l WHERE EXISTS (SELECT 1 FROM r WHERE r.k = l.k AND r.ts BETWEEN l.ts - INTERVAL '2' SECOND AND l.ts + INTERVAL '5' SECOND);
