-- A DECIMAL becomes the nearest DOUBLE and FLOAT, and a FLOAT the DECIMAL of its DOUBLE.
CREATE TABLE x (id INT, f FLOAT, d DOUBLE, p DECIMAL(38, 18)) WITH ('connector'='filesystem', 'path'='data/floats.csv', 'format'='csv');
SELECT id, CAST(p AS DOUBLE) AS d1, CAST(p AS FLOAT) AS f1, p * 1e0 AS m, p = 12345.6789e0 AS e, p > d AS g, CAST(f AS DECIMAL(20, 8)) AS c FROM x;
