-- Which fields of CSV are written in quotes, with several delimiters, quotes and an escape character; arrays and rows in a field.
CREATE TABLE src (id INT, s STRING, a ARRAY<STRING>, r ROW<u INT, w STRING>) WITH ('connector'='filesystem', 'path'='data/csv_written.json', 'format'='json');
CREATE VIEW v AS SELECT id, s, a, r, TIMESTAMPADD(SECOND, id, TIMESTAMP '2024-02-29 23:59:55') AS ts, TIMESTAMPADD(DAY, id, DATE '2024-02-27') AS dt, id > 5 AS ok, id / 4E0 AS d, CAST(id AS DECIMAL(8, 2)) AS p FROM src;
CREATE TABLE o1 (id INT, s STRING, a ARRAY<STRING>, r ROW<u INT, w STRING>, ts TIMESTAMP(3), dt DATE, ok BOOLEAN, d DOUBLE, p DECIMAL(8, 2)) WITH ('connector'='filesystem', 'path'='${out}/q1', 'format'='csv');
CREATE TABLE o2 (id INT, s STRING, a ARRAY<STRING>, r ROW<u INT, w STRING>, ts TIMESTAMP(3), dt DATE, ok BOOLEAN, d DOUBLE, p DECIMAL(8, 2)) WITH ('connector'='filesystem', 'path'='${out}/q2', 'format'='csv', 'csv.field-delimiter'=';', 'csv.array-element-delimiter'='+', 'csv.null-literal'='\N');
CREATE TABLE o3 (id INT, s STRING, a ARRAY<STRING>, r ROW<u INT, w STRING>, ts TIMESTAMP(3), dt DATE, ok BOOLEAN, d DOUBLE, p DECIMAL(8, 2)) WITH ('connector'='filesystem', 'path'='${out}/q3', 'format'='csv', 'csv.field-delimiter'='|', 'csv.quote-character'='''', 'csv.null-literal'='n/a');
CREATE TABLE o4 (id INT, s STRING, a ARRAY<STRING>, r ROW<u INT, w STRING>, ts TIMESTAMP(3), dt DATE, ok BOOLEAN, d DOUBLE, p DECIMAL(8, 2)) WITH ('connector'='filesystem', 'path'='${out}/q4', 'format'='csv', 'csv.escape-character'='\');
CREATE TABLE o5 (id INT, s STRING, ts TIMESTAMP(3), ok BOOLEAN) WITH ('connector'='filesystem', 'path'='${out}/q5', 'format'='csv', 'csv.disable-quote-character'='true');
CREATE TABLE r1 (line STRING) WITH ('connector'='filesystem', 'path'='${out}/q1', 'format'='csv', 'csv.field-delimiter'='', 'csv.disable-quote-character'='true');
CREATE TABLE r2 (line STRING) WITH ('connector'='filesystem', 'path'='${out}/q2', 'format'='csv', 'csv.field-delimiter'='', 'csv.disable-quote-character'='true');
CREATE TABLE r3 (line STRING) WITH ('connector'='filesystem', 'path'='${out}/q3', 'format'='csv', 'csv.field-delimiter'='', 'csv.disable-quote-character'='true');
CREATE TABLE r4 (line STRING) WITH ('connector'='filesystem', 'path'='${out}/q4', 'format'='csv', 'csv.field-delimiter'='', 'csv.disable-quote-character'='true');
CREATE TABLE r5 (line STRING) WITH ('connector'='filesystem', 'path'='${out}/q5', 'format'='csv', 'csv.field-delimiter'='', 'csv.disable-quote-character'='true');
INSERT INTO o1 SELECT id, s, a, r, ts, dt, ok, d, p FROM v;
INSERT INTO o2 SELECT id, s, a, r, ts, dt, ok, d, p FROM v;
INSERT INTO o3 SELECT id, s, a, r, ts, dt, ok, d, p FROM v;
INSERT INTO o4 SELECT id, s, a, r, ts, dt, ok, d, p FROM v;
INSERT INTO o5 SELECT id, s, ts, ok FROM v;
SELECT '1' AS f, line FROM r1 UNION ALL SELECT '2', line FROM r2 UNION ALL SELECT '3', line FROM r3 UNION ALL SELECT '4', line FROM r4 UNION ALL SELECT '5', line FROM r5;
