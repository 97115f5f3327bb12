-- Negative lengths, filters in paths, offsets in texts, and zeros that are equal.
SELECT id, SUBSTRING(s, 2, -1) AS cut_off,
  JSON_QUERY(j, '$[?(@.a>1)]') AS filtered, JSON_QUERY(j, '$[?(@.a>=1&&@.b=="x")].a') AS filtered_twice,
  CAST(TO_TIMESTAMP_LTZ(2.5, 0) AS STRING) AS whole_seconds, CAST(TO_TIMESTAMP_LTZ(-2.7e0, 0) AS STRING) AS seconds,
  TO_TIMESTAMP(t, 'yyyy-MM-dd''T''HH:mm:ss.SSSXXX') AS ts, UNIX_TIMESTAMP(t, 'yyyy-MM-dd''T''HH:mm:ss.SSSXXX') AS unix,
  NULLIF(d, 0) AS nulled,
  CASE d WHEN 0 THEN 'zero' WHEN 1, 2 THEN 'few' ELSE 'many' END AS counted, NULLIF(ROW(id, s), ROW(1, 'hello')) IS NULL AS equal_rows
FROM (VALUES
  (1, 'hello', '[{"a":1,"b":"x"},{"a":2,"b":"y"}]', '2024-02-03T10:00:00.123+02:00', CAST(0 AS DOUBLE)),
  (2, 'k', '[{"a":5,"b":"x"}]', '2024-02-03T10:00:00.123Z', CAST(1 AS DOUBLE)),
  (3, '', '[]', '2024-02-03T10:00:00.5-01:00', CAST(NULL AS DOUBLE))) AS q(id, s, j, t, d);
