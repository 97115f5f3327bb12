-- TRANSLATE and LOCATE with NULL in place of a list or a start; quotes and quarters in a format; numbers that no JSON is.
CREATE VIEW x AS SELECT * FROM (VALUES (1, 'abc', CAST(NULL AS INT), '12:34:56'), (2, 'cab', 2, '12'), (3, 'bcb', 3, '1 2')) AS t(id, s, n, j);
SELECT id, TRANSLATE(s, CAST(NULL AS STRING), 'x') AS t1, TRANSLATE(s, 'a', CAST(NULL AS STRING)) AS t2, LOCATE('b', s, n) AS l, DATE_FORMAT(TIMESTAMP '2026-02-28 13:00:00', 'h ''o''''c'' QQQ QQQQ QQ Q') AS q,
  j IS JSON AS i, JSON_VALUE(j, '$' DEFAULT 'e' ON ERROR) AS v, ARRAY_SLICE(ARRAY[1, 2, 3], id - 1, 0) AS a FROM x;
