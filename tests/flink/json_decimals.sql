-- How decimals are written as JSON and CSV: without the zeros at their end, in scientific notation where Java has it, or plain when that is asked for.
CREATE TABLE o1 (id INT, p DECIMAL(20, 4), q DECIMAL(20, 10), a ARRAY<DECIMAL(20, 4)>) WITH ('connector'='filesystem', 'path'='${out}/d1', 'format'='json');
CREATE TABLE o2 (id INT, p DECIMAL(20, 4), q DECIMAL(20, 10), a ARRAY<DECIMAL(20, 4)>) WITH ('connector'='filesystem', 'path'='${out}/d2', 'format'='json', 'json.encode.decimal-as-plain-number'='true');
CREATE TABLE o3 (id INT, p DECIMAL(20, 4), q DECIMAL(20, 10), a ARRAY<DECIMAL(20, 4)>) WITH ('connector'='filesystem', 'path'='${out}/d3', 'format'='csv');
CREATE TABLE o4 (id INT, p DECIMAL(20, 4), q DECIMAL(20, 10), a ARRAY<DECIMAL(20, 4)>) WITH ('connector'='filesystem', 'path'='${out}/d4', 'format'='csv', 'csv.write-bigdecimal-in-scientific-notation'='false');
CREATE TABLE r1 (line STRING) WITH ('connector'='filesystem', 'path'='${out}/d1', 'format'='csv', 'csv.field-delimiter'='', 'csv.disable-quote-character'='true');
CREATE TABLE r2 (line STRING) WITH ('connector'='filesystem', 'path'='${out}/d2', 'format'='csv', 'csv.field-delimiter'='', 'csv.disable-quote-character'='true');
CREATE TABLE r3 (line STRING) WITH ('connector'='filesystem', 'path'='${out}/d3', 'format'='csv', 'csv.field-delimiter'='', 'csv.disable-quote-character'='true');
CREATE TABLE r4 (line STRING) WITH ('connector'='filesystem', 'path'='${out}/d4', 'format'='csv', 'csv.field-delimiter'='', 'csv.disable-quote-character'='true');
CREATE VIEW v AS SELECT id, CAST(t AS DECIMAL(20, 4)) AS p, CAST(t AS DECIMAL(20, 10)) AS q, ARRAY[CAST(t AS DECIMAL(20, 4)), CAST(0 AS DECIMAL(20, 4))] AS a
FROM (VALUES (1, '10'), (2, '1200'), (3, '0'), (4, '0.0000001'), (5, '-0.000012'), (6, '100.10'), (7, '-1234567000'), (8, '0.5'), (9, '123'), (10, '0.0000010'), (11, '-10.0000')) AS x(id, t);
INSERT INTO o1 SELECT * FROM v;
INSERT INTO o2 SELECT * FROM v;
INSERT INTO o3 SELECT * FROM v;
INSERT INTO o4 SELECT * FROM v;
SELECT '1' AS f, line FROM r1 UNION ALL SELECT '2', line FROM r2 UNION ALL SELECT '3', line FROM r3 UNION ALL SELECT '4', line FROM r4;
