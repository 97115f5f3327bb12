-- versions of a view that keeps the last row of each key: a row that is not the last when it comes is none
CREATE TABLE rates (cur STRING, rate DECIMAL(10, 4), rt TIMESTAMP(3), WATERMARK FOR rt AS rt - INTERVAL '1' DAY)
WITH ('connector' = 'filesystem', 'path' = 'data/temporal_rates.csv', 'format' = 'csv', 'csv.null-literal' = 'N');
CREATE TABLE ord (id INT, cur STRING, amt INT, ot TIMESTAMP(3), WATERMARK FOR ot AS ot - INTERVAL '2' DAY)
WITH ('connector' = 'filesystem', 'path' = 'data/temporal_orders.csv', 'format' = 'csv', 'csv.null-literal' = 'N');
CREATE TEMPORARY VIEW vr AS
SELECT cur, rate, rt FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY cur ORDER BY rt DESC) AS rn FROM rates) WHERE rn = 1;
SELECT o.id, r.rate, r.rt FROM ord AS o LEFT JOIN vr FOR SYSTEM_TIME AS OF o.ot AS r ON o.cur = r.cur;
