-- Of FLOAT and DOUBLE the first operand says what a result is, and how equality is found.
CREATE TABLE x (id INT, f FLOAT, d DOUBLE, p DECIMAL(38, 18)) WITH ('connector'='filesystem', 'path'='data/floats.csv', 'format'='csv');
SELECT id, f * d AS fd, d * f AS df, f + d AS p, d - f AS m, f = d AS fe, d = f AS de, f <> d AS fn, f > d AS fg, d > f AS dg, f <= d AS fl FROM x;
