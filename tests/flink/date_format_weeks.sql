-- Weeks begin on Sunday, and the first one of a year has its first of January.
CREATE TABLE t (d TIMESTAMP(3)) WITH ('connector'='filesystem', 'path'='data/weeks.csv', 'format'='csv');
SELECT d, DATE_FORMAT(d, 'YYYY-MM-dd') AS a, DATE_FORMAT(d, 'w') AS b, DATE_FORMAT(d, 'ww W') AS c, DATE_FORMAT(d, 'G') AS g,
  DATE_FORMAT(d, 'q Q QQ') AS q, DATE_FORMAT(d, 'A') AS m, DATE_FORMAT(d, 'N n') AS n, DATE_FORMAT(d, 'YY e c u') AS e,
  DATE_FORMAT(d, 'k K') AS k
FROM t;
