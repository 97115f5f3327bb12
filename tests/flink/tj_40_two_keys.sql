-- A primary key of two columns.
CREATE TABLE o (
  id INT, site STRING, item STRING, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector'='filesystem', 'path'='data/jn_o2.csv', 'format'='csv', 'csv.null-literal'='');
CREATE TABLE r (
  site STRING, item STRING, price INT, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND,
  PRIMARY KEY (site, item) NOT ENFORCED
) WITH ('connector'='filesystem', 'path'='data/jn_p2.csv', 'format'='csv', 'csv.null-literal'='');

SELECT o.id, r.price FROM o LEFT JOIN r FOR SYSTEM_TIME AS OF o.ts AS r ON o.site = r.site AND o.item = r.item;
