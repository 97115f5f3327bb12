-- A table and a column of another one have the same name: what stands before a dot is the table first.
CREATE TABLE orders (id INT, customer ROW<name STRING, emails ARRAY<STRING>>, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector'='filesystem', 'path'='data/orders_nested.json', 'format'='json');
CREATE TABLE customer (id INT, name STRING) WITH ('connector'='filesystem', 'path'='data/customers_named.json', 'format'='json');

SELECT 'join' AS what, orders.id AS a, customer.id AS b FROM orders JOIN customer ON orders.customer.name = customer.name
UNION ALL SELECT 'not exists', customer.id, 0 FROM customer WHERE NOT EXISTS (SELECT 1 FROM orders WHERE orders.customer.name = customer.name)
UNION ALL SELECT 'exists', customer.id, 0 FROM customer WHERE EXISTS (SELECT 1 FROM orders WHERE orders.id = customer.id AND customer.id > 1)
UNION ALL SELECT 'in', o.id, 0 FROM orders AS o WHERE o.customer.name IN (SELECT name FROM customer WHERE customer.name = o.customer.name)
UNION ALL SELECT e, o.id, 0 FROM orders AS o CROSS JOIN UNNEST(o.customer.emails) AS u(e)
UNION ALL SELECT e, id, 0 FROM (SELECT o.id, o.customer.emails AS es FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECOND)) AS o) CROSS JOIN UNNEST(es) AS u(e);
