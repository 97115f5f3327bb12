-- What INSERT writes as JSON and CSV, read back as text: spelling of doubles, decimals, timestamps, nested values, nulls.
CREATE TABLE nested (
  id INT, r ROW<a INT, b STRING, c ROW<d ARRAY<INT>, e STRING>>, arr ARRAY<STRING>, m MAP<STRING, STRING>, ar ARRAY<ROW<u INT, w STRING>>, mi MAP<STRING, INT>
) WITH ('connector'='filesystem', 'path'='data/nested.json', 'format'='json');

CREATE TABLE oj (id INT, d DOUBLE, p DECIMAL(20,10), ts TIMESTAMP(3), dt DATE, r ROW<a INT, b STRING>, arr ARRAY<STRING>, ok BOOLEAN, s STRING) WITH ('connector'='filesystem', 'path'='${out}/b14_j', 'format'='json');
CREATE TABLE oc (id INT, d DOUBLE, p DECIMAL(20,10), ts TIMESTAMP(3), dt DATE, arr ARRAY<STRING>, ok BOOLEAN, s STRING) WITH ('connector'='filesystem', 'path'='${out}/b14_c', 'format'='csv');
CREATE TABLE rj (line STRING) WITH ('connector'='filesystem', 'path'='${out}/b14_j', 'format'='csv', 'csv.field-delimiter'='', 'csv.disable-quote-character'='true');
CREATE TABLE rc (line STRING) WITH ('connector'='filesystem', 'path'='${out}/b14_c', 'format'='csv', 'csv.field-delimiter'='', 'csv.disable-quote-character'='true');
CREATE TEMPORARY VIEW src AS SELECT id, id / 3.0E0 * 1.0E7 AS d, CAST(id AS DECIMAL(20,10)) / 8 AS p, TIMESTAMPADD(SECOND, id, TIMESTAMP '2024-02-29 23:59:55.120') AS ts, TIMESTAMPADD(DAY, id, DATE '2024-02-27') AS dt, nested.r.a AS ra, nested.r.b AS rb, arr, id > 3 AS ok, CONCAT(nested.r.b, ',"', CAST(id AS STRING)) AS s FROM nested;
INSERT INTO oj SELECT id, d, CAST(p AS DECIMAL(20,10)), ts, dt, ROW(ra, rb), arr, ok, s FROM src;
INSERT INTO oc SELECT id, d, CAST(p AS DECIMAL(20,10)), ts, dt, arr, ok, s FROM src WHERE id <> 5;
SELECT line FROM rj UNION ALL SELECT line FROM rc;
