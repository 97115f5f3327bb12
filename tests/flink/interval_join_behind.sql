-- An interval join whose bounds both lie behind, over rows of equal times: those that came before are found whichever input is read first.
CREATE TABLE la (id INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector'='filesystem', 'path'='data/interval_ties.json', 'format'='json');

SELECT 'one' AS what, a.id AS a, b.id AS b FROM la AS a JOIN la AS b ON b.ts BETWEEN a.ts - INTERVAL '5' SECOND AND a.ts - INTERVAL '5' SECOND AND a.id > b.id
UNION ALL SELECT 'two', a.id, b.id FROM la AS a JOIN la AS b ON b.ts BETWEEN a.ts - INTERVAL '5' SECOND AND a.ts - INTERVAL '4' SECOND AND a.id > b.id
UNION ALL SELECT 'left', a.id, b.id FROM la AS a LEFT JOIN la AS b ON b.ts = a.ts - INTERVAL '5' SECOND
UNION ALL SELECT 'both', a.id, b.id FROM la AS a JOIN la AS b ON b.ts BETWEEN a.ts - INTERVAL '5' SECOND AND a.ts AND a.id <> b.id;
