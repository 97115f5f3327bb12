-- Bids of an online auction house, as they come: the generator needs no files.
CREATE TABLE bid (
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  channel STRING,
  dateTime TIMESTAMP(3),
  WATERMARK FOR dateTime AS dateTime - INTERVAL '1' SECOND
) WITH (
  'connector' = 'nexmark',
  'table' = 'bid',
  'events.num' = '200000'
);

-- Every five seconds of event time: how many bids, and for how much, by channel.
SELECT
  window_start,
  channel,
  COUNT(*) AS bids,
  COUNT(DISTINCT bidder) AS bidders,
  MAX(price) AS highest
FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(dateTime), INTERVAL '5' SECOND))
WHERE channel IN ('Google', 'Apple', 'Facebook', 'Baidu')
GROUP BY window_start, window_end, channel;
