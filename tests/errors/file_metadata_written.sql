CREATE TABLE f (s STRING, file STRING METADATA FROM 'file.name') WITH ('connector' = 'filesystem', 'path' = 'data/none', 'format' = 'csv');
INSERT INTO f VALUES ('a', 'b');
