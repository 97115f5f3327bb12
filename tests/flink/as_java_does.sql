-- Empty matches, names of zones, formats with optional parts, and intervals of months.
SELECT REGEXP_REPLACE('foo', 'o*', 'x'), REGEXP_REPLACE('a  b', '\s*', '_'), REGEXP_COUNT('foo', 'o*'), REGEXP_EXTRACT_ALL('foo', '(o*)'),
  CONVERT_TZ('2024-07-01 12:00:00', 'PST', 'UTC'), CONVERT_TZ('2024-07-01 12:00:00', 'GMT+8:30', 'JST'), CONVERT_TZ('2024-07-01 12:00:00', 'nonsense', 'IST'),
  TO_TIMESTAMP('2024-02-03 14:05', 'yyyy-MM-dd HH:mm[:ss]'), TO_TIMESTAMP('2024-02-03 14:05:06', 'yyyy-MM-dd HH:mm[:ss]'),
  TO_TIMESTAMP('2024-060', 'yyyy-DDD'), DATE_FORMAT(TIMESTAMP '2024-02-03 14:05:06.789', 'yyyy-MM-dd HH:mm:ss[.SSS]'),
  EXTRACT(MONTH FROM INTERVAL '4-2' YEAR TO MONTH), EXTRACT(QUARTER FROM INTERVAL '11' MONTH), EXTRACT(YEAR FROM INTERVAL '-4-2' YEAR TO MONTH)
FROM (VALUES (1)) AS t(x);
