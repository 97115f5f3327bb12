-- Computed columns follow the session's zone as it is when they are read.
CREATE TABLE ends (id INT, s TIMESTAMP(3), u AS UNIX_TIMESTAMP('2024-07-01 12:00:00'), f AS FROM_UNIXTIME(0), e AS UNIX_TIMESTAMP(CAST(CAST(s AS TIMESTAMP_LTZ(3)) AS STRING)))
WITH ('connector' = 'filesystem', 'path' = 'data/ends.csv', 'format' = 'csv');
SET 'table.local-time-zone' = 'Asia/Tokyo';

SELECT id, u, f, e FROM ends WHERE id IN (2, 3);
