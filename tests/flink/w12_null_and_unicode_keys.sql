-- Keys: NULL, missing in JSON, empty string, composed and decomposed accents, emoji, both cases: all distinct.
CREATE TABLE ev (
  id INT, k STRING, v INT, b BIGINT, d DOUBLE, p DECIMAL(10,2), s STRING, flag BOOLEAN, t TIMESTAMP(3), ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/ev.json', 'format'='json');

SELECT k, CHAR_LENGTH(k) AS len, window_start, COUNT(*) AS c, COUNT(k) AS ck, SUM(id) AS ids
FROM TABLE(TUMBLE(TABLE ev, DESCRIPTOR(ts), INTERVAL '1' HOUR))
GROUP BY k, window_start, window_end;
