-- IN compares a FLOAT with a DOUBLE as = does.
CREATE TABLE x (id INT, f FLOAT, d DOUBLE, p DECIMAL(38, 18)) WITH ('connector'='filesystem', 'path'='data/floats.csv', 'format'='csv');
SELECT id, f IN (d) AS a, d IN (f) AS b, f IN (d, 7e0) AS c, f IN (0.1e0, 2.5e0) AS e FROM x;
