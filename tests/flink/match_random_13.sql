-- A pattern made at random: which of several matches is found.
CREATE TABLE t (
  id INT, k STRING, c STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '3' SECOND
) WITH ('connector'='filesystem','path'='data/match_random.csv','format'='csv');

SELECT * FROM t MATCH_RECOGNIZE (
   ORDER BY ts
  MEASURES FIRST(A.id) AS fA, LAST(A.id) AS lA, FIRST(B.id) AS fB, LAST(B.id) AS lB,
    FIRST(C.id) AS fC, LAST(C.id) AS lC, COUNT(*) AS n, SUM(v) AS s
  AFTER MATCH SKIP TO FIRST B
  PATTERN (A+ B{2} C{2}?) WITHIN INTERVAL '5' SECOND
  DEFINE A AS A.v > AVG(v) - 2, C AS TRUE
) AS m;
