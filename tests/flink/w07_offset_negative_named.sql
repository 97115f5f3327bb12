-- Named arguments with a negative offset (Flink 2.3 wants them in the declared order: DATA, TIMECOL, SIZE, OFFSET).
CREATE TABLE bids (
  id INT, item STRING, color STRING, price BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '13' SECOND
) WITH ('connector'='filesystem', 'path'='data/bids.csv', 'format'='csv');

SELECT window_start, window_end, window_time, COUNT(*) AS c, SUM(price) AS s
FROM TABLE(TUMBLE(DATA => TABLE bids, TIMECOL => DESCRIPTOR(ts), SIZE => INTERVAL '2' MINUTE, `OFFSET` => INTERVAL '-30' SECOND))
GROUP BY window_start, window_end, window_time;
