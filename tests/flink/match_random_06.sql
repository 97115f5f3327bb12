-- A pattern made at random: which of several matches is found.
CREATE TABLE t (
  id INT, k STRING, c STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '3' SECOND
) WITH ('connector'='filesystem','path'='data/match_random.csv','format'='csv');

SELECT * FROM t MATCH_RECOGNIZE (
   ORDER BY ts, v
  MEASURES FIRST(A.id) AS fA, LAST(A.id) AS lA, FIRST(B.id) AS fB, LAST(B.id) AS lB,
    FIRST(C.id) AS fC, LAST(C.id) AS lC, COUNT(*) AS n, SUM(v) AS s
  AFTER MATCH SKIP TO NEXT ROW
  PATTERN (A{1,3}? B{2} C) 
  DEFINE A AS TRUE, B AS B.c IN ('x','y'), C AS C.c IN ('x','y')
) AS m;
