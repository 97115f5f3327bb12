-- The rows of w01 with a watermark 4 s behind: rows late by 3999 and 4000 ms make it unless their window ended, 12 s ones do not.
CREATE TABLE bids (
  id INT, item STRING, color STRING, price BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '4' SECONDS
) WITH ('connector'='filesystem', 'path'='data/bids.csv', 'format'='csv');

SELECT window_start, window_end, COUNT(*) AS c, SUM(price) AS s, SUM(id) AS ids, COUNT(DISTINCT color) AS colors
FROM TUMBLE(TABLE bids, DESCRIPTOR(ts), INTERVAL '10' SECONDS)
GROUP BY window_start, window_end;
