-- Computed columns that use functions, casts and earlier physical columns; backquoted reserved names; SELECT *, alias.*.
CREATE TABLE c (
  id INT, `order` STRING, `value` AS CAST(price AS DECIMAL(12, 2)) * 1.19, color STRING, `date` AS CAST(ts AS DATE), price BIGINT, ts TIMESTAMP(3), `Order` AS UPPER(`order`), half AS price / 2, neg AS -price
) WITH ('connector'='filesystem', 'path'='data/bids.csv', 'format'='csv');

SELECT t.*, t.`value` - t.price AS tax, `order` || `Order` AS oo FROM c AS t WHERE MOD(id, 10) = 3 AND `value` > 100;
