-- A window over a view that filters and renames: the filtered rows still advance the watermark.
CREATE TABLE late (
  id INT, k STRING, v INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '10' SECOND
) WITH ('connector'='filesystem', 'path'='data/late.csv', 'format'='csv');

CREATE TEMPORARY VIEW odd AS SELECT id AS n, CONCAT(k, '-', CAST(v AS STRING)) AS kv, ts AS rt FROM late WHERE MOD(id, 3) <> 0 AND k IN ('a', 'c');
SELECT kv, window_start, COUNT(*) AS c, SUM(n) AS ids
FROM TABLE(TUMBLE(TABLE odd, DESCRIPTOR(rt), INTERVAL '15' MINUTE))
GROUP BY kv, window_start, window_end;
