-- q13: A side input, joined regularly; by lookup in the original.
CREATE TABLE side_input (
  `key` BIGINT, `value` STRING
) WITH ('connector'='filesystem', 'path'='data/nx_side_input.csv', 'format'='csv');

SELECT B.auction, B.bidder, B.price, B.`dateTime`, S.`value`
FROM bid AS B JOIN side_input AS S ON MOD(B.auction, 1000) = S.`key`;
