-- A folder for each value of the columns that a table is partitioned by: written, and read again.
CREATE TABLE part (id INT, dt STRING, v DECIMAL(6, 2), hr INT) PARTITIONED BY (dt, hr) WITH (
  'connector' = 'filesystem', 'path' = '${out}/part', 'format' = 'json',
  'sink.partition-commit.policy.kind' = 'success-file', 'sink.rolling-policy.file-size' = '1MB');
INSERT INTO part VALUES (1, '2024-01-01', 1.5, 7), (2, '2024-01-01', 2.5, 8), (3, 'a/b:c=d% é', 3.5, 7);
INSERT INTO part PARTITION (dt = '2024-02-02', hr = 5) SELECT 6, 6.5;
INSERT INTO part PARTITION (dt = '2024-02-02') SELECT 7, 7.5, 6;
SELECT hr, dt, COUNT(*) AS n, SUM(v) AS total, MIN(id) AS least FROM part WHERE hr <> 8 GROUP BY dt, hr;
