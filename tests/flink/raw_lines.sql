-- The format raw has a line as its value, whatever stands in it; options may be written with escapes.
CREATE TABLE lines (line STRING) WITH ('connector'='filesystem', 'path'='data/csv_written.json', 'format'='raw');
CREATE TABLE fields (a STRING, b STRING) WITH ('connector'='filesystem', 'path'='data/csv_written.json', 'format'='csv', 'csv.field-delimiter'=U&'\003a', 'csv.ignore-parse-errors'='true', 'csv.disable-quote-character'='true');
SELECT 'raw' AS f, JSON_VALUE(line, '$.s') AS a, CAST(CHAR_LENGTH(line) AS STRING) AS b FROM lines UNION ALL SELECT 'count', CAST(COUNT(*) AS STRING), '' FROM lines;
