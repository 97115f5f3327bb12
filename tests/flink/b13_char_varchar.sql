-- CHAR(n) and VARCHAR(n): declared lengths are not enforced on read, but CAST pads and cuts; comparison with blanks.
CREATE TABLE c (
  id INT, s VARCHAR(3), n CHAR(4)
) WITH ('connector'='filesystem', 'path'='data/strs.json', 'format'='json');

SELECT id, s, CHAR_LENGTH(s) AS ls, CONCAT('[', n, ']') AS n, CONCAT('[', CAST(s AS CHAR(6)), ']') AS c6, CAST(s AS VARCHAR(2)) AS v2, CAST(n AS INT) AS ni, CAST('ab' AS CHAR(4)) = 'ab' AS pe, TYPEOF(s) AS ts, TYPEOF(n) AS tn FROM c WHERE id < 20;
