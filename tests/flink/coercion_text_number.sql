CREATE TEMPORARY VIEW e AS SELECT i, CAST(i AS DOUBLE) AS d, CAST(s AS STRING) AS s FROM (VALUES (1, '3'), (4, '25'), (20, '7'), (100, '4')) AS v(i, s);
SELECT i, i > '3', i < '25', i >= s, i BETWEEN '3' AND '25', i IN ('4', '20'), d > '3.5', s < i FROM e;
