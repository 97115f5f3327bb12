-- What is known of a file beside its content.
CREATE TABLE f (
  s STRING, file STRING METADATA FROM 'file.name', b BOOLEAN, sz BIGINT METADATA FROM 'file.size' VIRTUAL,
  p STRING METADATA FROM 'file.path', m TIMESTAMP_LTZ(3) METADATA FROM 'file.modification-time'
) WITH ('connector'='filesystem', 'path'='data/two_widths.csv', 'format'='csv', 'csv.null-literal'='');

SELECT s, b, file, sz, p LIKE '/%/data/two_widths.csv', m > TO_TIMESTAMP_LTZ(0, 3) FROM f WHERE file <> 'other.csv';
