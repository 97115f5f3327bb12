CREATE TABLE hook (a INT) WITH ('connector' = 'webhook', 'url' = 'http://127.0.0.1:99999/');
INSERT INTO hook VALUES (1);
