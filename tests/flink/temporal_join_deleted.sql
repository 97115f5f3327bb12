-- A version that is deleted at a time of its own is none from then on, also where its key comes back right behind it.
CREATE TABLE o (id INT, usr STRING, cur STRING, price INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector'='filesystem', 'path'='data/temporal_orders.json', 'format'='json');
CREATE TABLE cr (cur STRING, rate DECIMAL(10, 4), ts TIMESTAMP(3), WATERMARK FOR ts AS ts, PRIMARY KEY (cur) NOT ENFORCED) WITH ('connector'='filesystem', 'path'='data/temporal_rates_deleted.json', 'format'='debezium-json');

SELECT o.id, o.ts, r.rate, r.ts AS since FROM o LEFT JOIN cr FOR SYSTEM_TIME AS OF o.ts AS r ON o.cur = r.cur;
