-- Points in time of years that tables of zones do not know.
SET 'table.local-time-zone' = 'America/New_York';

SELECT TO_TIMESTAMP_LTZ(4118342400, 0) AS a, UNIX_TIMESTAMP('2150-07-01 00:00:00') AS b, CAST(TIMESTAMP '2199-12-31 23:59:59' AS TIMESTAMP_LTZ(3)) AS c;
