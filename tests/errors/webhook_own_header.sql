CREATE TABLE w (a INT) WITH ('connector' = 'webhook', 'url' = 'http://127.0.0.1:9/', 'header.Content-Length' = '0');
