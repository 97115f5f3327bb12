-- Legacy windows chained by TUMBLE_ROWTIME, lateness as in w01.
CREATE TABLE bids (
  id INT, item STRING, color STRING, price BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH ('connector'='filesystem', 'path'='data/bids.csv', 'format'='csv');

SELECT TUMBLE_START(rt, INTERVAL '3' MINUTE) AS ws, TUMBLE_END(rt, INTERVAL '3' MINUTE) AS we, SUM(c) AS c, SUM(s) AS s, COUNT(*) AS parts
FROM (SELECT item, TUMBLE_ROWTIME(ts, INTERVAL '20' SECOND) AS rt, COUNT(*) AS c, SUM(price) AS s FROM bids WHERE price > 0 GROUP BY TUMBLE(ts, INTERVAL '20' SECOND), item)
GROUP BY TUMBLE(rt, INTERVAL '3' MINUTE);
