-- q10: Log to a file sink; the original one is partitioned.
CREATE TABLE sink (
  auction BIGINT, bidder BIGINT, price BIGINT, `dateTime` TIMESTAMP(3), extra STRING, dt STRING, hm STRING
) WITH ('connector'='filesystem', 'path'='${out}/q10', 'format'='csv');
INSERT INTO sink SELECT auction, bidder, price, `dateTime`, extra, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd'), DATE_FORMAT(`dateTime`, 'HH:mm') FROM bid;

SELECT dt, hm, COUNT(*) AS n, SUM(price) AS s, MIN(`dateTime`) AS lo, MAX(`dateTime`) AS hi FROM sink GROUP BY dt, hm;
