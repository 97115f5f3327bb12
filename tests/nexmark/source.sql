-- The three streams as the generator makes them: ${events} events, ${rate} a second of event time.
CREATE TABLE person (WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND)
WITH ('connector'='nexmark', 'table'='person', 'events.num'='${events}', 'next-event.rate'='${rate}');
CREATE TABLE auction (WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND)
WITH ('connector'='nexmark', 'table'='auction', 'events.num'='${events}', 'next-event.rate'='${rate}');
CREATE TABLE bid (WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND)
WITH ('connector'='nexmark', 'table'='bid', 'events.num'='${events}', 'next-event.rate'='${rate}');
