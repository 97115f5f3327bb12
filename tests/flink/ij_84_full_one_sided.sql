-- A bound on one side only: no interval join, an ordinary one, FULL JOIN.
CREATE TABLE l (
  id INT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_l.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE r (
  id INT, k STRING, v INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_r.csv', 'format'='csv', 'csv.null-literal'='');

SELECT l.id AS lid, r.id AS rid FROM l FULL JOIN r ON l.k = r.k AND r.ts >= l.ts;
