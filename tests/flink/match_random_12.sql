-- A pattern made at random: which of several matches is found.
CREATE TABLE t (
  id INT, k STRING, c STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '3' SECOND
) WITH ('connector'='filesystem','path'='data/match_random.csv','format'='csv');

SELECT * FROM t MATCH_RECOGNIZE (
   ORDER BY ts
  MEASURES FIRST(A.id) AS fA, LAST(A.id) AS lA, FIRST(B.id) AS fB, LAST(B.id) AS lB,
    FIRST(C.id) AS fC, LAST(C.id) AS lC, FIRST(D.id) AS fD, LAST(D.id) AS lD, COUNT(*) AS n, SUM(v) AS s
  AFTER MATCH SKIP PAST LAST ROW
  PATTERN (A{1,3} B C D{0,2}?) 
  DEFINE A AS A.v < 6, B AS B.v >= FIRST(B.v), D AS D.v < 6
) AS m;
