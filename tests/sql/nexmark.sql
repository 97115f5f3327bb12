-- The generator gives the same events in every run, whatever is read of them.
CREATE TABLE bid WITH ('connector' = 'nexmark', 'table' = 'bid', 'events.num' = '20000');
CREATE TABLE auction WITH ('connector' = 'nexmark', 'table' = 'auction', 'events.num' = '20000');
CREATE TABLE person WITH ('connector' = 'nexmark', 'table' = 'person', 'events.num' = '20000');
SELECT 'bid' AS kind, COUNT(*) AS n, MIN(auction) AS least, MAX(bidder) AS most, MIN(url) AS word, MAX(dateTime) AS last FROM bid
UNION ALL SELECT 'auction', COUNT(*), MIN(id), MAX(seller), MIN(itemName), MAX(dateTime) FROM auction
UNION ALL SELECT 'person', COUNT(*), MIN(id), MAX(id), MIN(name), MAX(dateTime) FROM person;
