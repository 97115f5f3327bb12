-- An API of events: orders are posted, each is answered with what its customer has ordered so far, every
-- order and the totals of every minute are kept in SQLite, and large orders are pushed to a webhook.
--
-- Start it, with nothing else to install or configure:
--
--   millstream run docs/examples/event-api.sql
--
-- Follow the totals of complete minutes, then post an order, and then two at once. The first of them
-- is large; the other one is of the next minute, so that the one before is complete:
--
--   curl -N http://127.0.0.1:7171/tables/minute_totals/changes
--   curl -d '{"id": "o-1", "customer": "ann", "amount": 12.50, "at": "2026-01-31 12:00:05"}' http://127.0.0.1:7171/event
--   curl -d '[{"id": "o-2", "customer": "ann", "amount": 1500, "at": "2026-01-31 12:00:40"}, {"id": "o-3", "customer": "bob", "amount": 3, "at": "2026-01-31 12:01:10"}]' http://127.0.0.1:7171/event
--
-- An answer comes when the order is kept, its minute counted and the webhook has taken it. Posted again it is kept once, as its
-- id is the key; with the same header Idempotency-Key it is also counted once.

CREATE TABLE orders (
  request_id STRING METADATA,
  id STRING NOT NULL,
  customer STRING NOT NULL,
  amount DECIMAL(10, 2) NOT NULL,
  `at` TIMESTAMP(3) NOT NULL,
  arrived AS PROCTIME(),
  WATERMARK FOR `at` AS `at` - INTERVAL '5' SECOND
) WITH (
  'connector' = 'http-server', 'path' = '/event', 'format' = 'json', 'response' = 'rows', 'timeout' = '10 s'
);

-- What a customer has ordered so far is the answer.
CREATE TABLE answers (request_id STRING METADATA, id STRING, customer STRING, orders BIGINT, total DECIMAL(38, 2))
WITH ('connector' = 'http-response');

CREATE TABLE kept_orders (
  id STRING, customer STRING, amount DECIMAL(10, 2), `at` TIMESTAMP(3), PRIMARY KEY (id) NOT ENFORCED
) WITH ('connector' = 'sqlite', 'path' = 'event-api.db', 'table' = 'orders');

CREATE TABLE minute_totals (
  `minute` TIMESTAMP(3), customer STRING, orders BIGINT, total DECIMAL(38, 2),
  PRIMARY KEY (`minute`, customer) NOT ENFORCED
) WITH ('connector' = 'sqlite', 'path' = 'event-api.db');

-- The webhook of somebody else; here it is the table below.
CREATE TABLE large_orders (id STRING, customer STRING, amount DECIMAL(10, 2)) WITH (
  'connector' = 'webhook', 'url' = 'http://127.0.0.1:7171/large', 'dead-letter.path' = 'event-api.db'
);

CREATE TABLE pushed (id STRING, customer STRING, amount DECIMAL(10, 2)) WITH (
  'connector' = 'http-server', 'path' = '/large', 'format' = 'json', 'ack' = 'accepted'
);

CREATE TABLE kept_pushed (id STRING, customer STRING, amount DECIMAL(10, 2), PRIMARY KEY (id) NOT ENFORCED)
WITH ('connector' = 'sqlite', 'path' = 'event-api.db', 'table' = 'pushed');

EXECUTE STATEMENT SET BEGIN
  INSERT INTO kept_orders SELECT id, customer, amount, `at` FROM orders;

  INSERT INTO minute_totals
  SELECT window_start, customer, COUNT(*), SUM(amount)
  FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(`at`), INTERVAL '1' MINUTE))
  GROUP BY window_start, window_end, customer;

  INSERT INTO large_orders SELECT id, customer, amount FROM orders WHERE amount >= 1000;

  INSERT INTO kept_pushed SELECT * FROM pushed;

  INSERT INTO answers
  SELECT
    request_id, id, customer,
    COUNT(*) OVER (PARTITION BY customer ORDER BY arrived ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW),
    SUM(amount) OVER (PARTITION BY customer ORDER BY arrived ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
  FROM orders;
END;
