-- More folders than files are kept open, each of which gets rows again and again.
CREATE TABLE numbers (id BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '20000', 'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '20000');
CREATE TABLE part (id BIGINT, p BIGINT) PARTITIONED BY (p) WITH ('connector' = 'filesystem', 'path' = '${out}/many', 'format' = 'csv');
INSERT INTO part SELECT id, MOD(id, 200) FROM numbers;
SELECT COUNT(*) AS n, SUM(id) AS total, COUNT(DISTINCT p) AS folders FROM part;
