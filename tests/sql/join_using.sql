-- The column of USING is one column, of whichever side is there.
CREATE TABLE a (v INT, k INT) WITH ('connector'='filesystem','path'='data/jn_using_a.csv','format'='csv');
CREATE TABLE b (k INT, w INT) WITH ('connector'='filesystem','path'='data/sq_b.csv','format'='csv');
SELECT k, v, w FROM a FULL JOIN b USING (k);
SELECT * FROM a RIGHT JOIN b USING (k);
SELECT k, COUNT(*) FROM a FULL JOIN b USING (k) GROUP BY k HAVING k > 1;
SELECT * FROM a JOIN b USING (k);
SELECT a.k, b.k AS k FROM a JOIN b ON a.k = b.k;
