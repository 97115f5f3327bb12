-- A text beside a time is read as one of the column's type, in BETWEEN and IN, too.
CREATE TABLE ends (id INT, ts TIMESTAMP(3)) WITH ('connector' = 'filesystem', 'path' = 'data/ends.csv', 'format' = 'csv');

SELECT id, ts BETWEEN '0001-01-01 00:00:00' AND '9999-12-31 23:59:58' AS b, ts IN ('9999-12-31 23:59:59', '2024-01-01 00:00:00.0001') AS i,
  ts NOT IN ('0001-01-01 00:00:00', '2024-01-01 00:00:00') AS n, ts NOT BETWEEN '2024-01-01 00:00:00.0001' AND '2024-06-01 12:00:00.0011' AS o
FROM ends;
