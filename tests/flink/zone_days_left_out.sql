-- A zone that left out a day, and zones in years that their tables do not know.
SELECT CONVERT_TZ('2011-12-30 12:00:00', 'Pacific/Apia', 'UTC') AS apia, CONVERT_TZ('2110-07-01 12:00:00', 'America/New_York', 'UTC') AS summer,
  CONVERT_TZ('2110-01-01 12:00:00', 'America/New_York', 'UTC') AS winter, CONVERT_TZ('2400-02-29 12:00:00', 'UTC', 'Europe/Paris') AS leap;
